package vertesia
