package middleware

import "sync/atomic"

// Stats are counts since the cache was made, for a metrics exporter to read.
type Stats struct {
	Hits           uint64 // answered from memory
	Misses         uint64 // asked for
	Collapsed      uint64 // waited for a question that was under way
	Refreshed      uint64 // asked for again ahead of their end
	Refused        uint64 // told that the token is no good, asked or remembered
	UpstreamErrors uint64 // questions that got no answer
	Entries        int    // answers in memory now, ended ones included
}

// counters are kept apart where every request counts.
type counters struct {
	hits [shardCount]struct {
		atomic.Uint64
		_ [56]byte // a cache line each
	}
	misses, collapsed, refreshed, refused, upstreamErrors atomic.Uint64
}

func (c *counters) hit(key fingerprint) { c.hits[key[0]%shardCount].Add(1) }

// Stats gives the counts so far.
func (c *Cache) Stats() Stats {
	stats := Stats{
		Misses: c.stats.misses.Load(), Collapsed: c.stats.collapsed.Load(), Refreshed: c.stats.refreshed.Load(),
		Refused: c.stats.refused.Load(), UpstreamErrors: c.stats.upstreamErrors.Load(),
		Entries: int(c.answers.size.Load()),
	}
	for i := range c.stats.hits {
		stats.Hits += c.stats.hits[i].Load()
	}
	return stats
}
