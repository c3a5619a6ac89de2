package main

// requestPath is the way of one request through an API behind Bearer.
func requestPath() *drawing {
	d := &drawing{
		title: "The path of a request",
		description: "A front end sends the session token with each request. Bearer finds out whose it is, " +
			"from an answer of at most MaxAge or by asking secureFlows, and refuses the request or lets the handler " +
			"have identity and session. The handler reads and writes the person's data through the client.",
		height: 576,
	}
	const left, right, labels = 110, 318, 12
	rows := []int{20, 144, 268, 378, 502} // of the boxes
	below := func(row int) int { return rows[row] + boxHeight }

	d.box("box", 20, rows[0], 420, "Front end", "keeps the session token in memory")
	d.arrow(left, below(0), left, rows[1])
	d.text("", "start", left+labels, below(0)+31, "the request, with", "Authorization: Bearer")
	d.arrow(right, rows[1], right, below(0))
	d.text("", "start", right+labels, below(0)+22, "401: signed out", "403: may not", "503: no answer")

	d.box("ours", 20, rows[1], 420, "middleware.Bearer", "whose token is this?")
	d.arrow(left, below(1), left, rows[2])
	d.text("", "start", left+labels, below(1)+31, "identity and session", "in the context")
	d.arrow(right, below(1), right, rows[3])
	d.text("", "start", right+labels, below(1)+48, "asks when the", "answer it has is", "older than", "MaxAge (10 s)")

	d.box("box", 20, rows[2], 260, "Your handler", "works on this person's data")
	d.arrow(left, below(2), left, rows[3])
	d.text("", "start", left+labels, below(2)+33, "Get, Set, Payload, …")

	d.box("ours", 20, rows[3], 420, "secureflows.Client", "deadlines, retries, one error per decision")
	d.arrow(left, below(3), left, rows[4])
	d.text("", "start", left+labels, below(3)+40, "https")
	d.arrow(right, rows[4], right, below(3))
	d.text("", "start", right+labels, below(3)+31, "identity,", "or data")

	d.box("box", 20, rows[4], 420, "secureFlows", "checks the token, keeps the data encrypted")
	return d
}
