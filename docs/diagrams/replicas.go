package main

// replicas is how a sign-out on one replica comes to the others.
func replicas() *drawing {
	d := &drawing{
		title: "Several replicas of one application",
		description: "A load balancer hands requests to three replicas. One of them signs a visitor out: it takes the " +
			"record of the sign-in out of Redis, and writes to a stream there what has ended. The two others read the " +
			"stream and forget what they have in memory, so that the next page there takes a sign-in. Each replica asks " +
			"secureFlows whose a token is when its answer is older than MaxAge.",
		height: 584,
	}
	const (
		labels    = 12
		balancer  = 20 // and the other rows of boxes
		processes = 148
		redis     = 308
		height    = 118 // of Redis' box
		service   = 512
	)
	const first, second, third, asks = 66, 230, 334, 412 // the x of arrows
	const below = processes + boxHeight
	d.box("box", 20, balancer, 420, "Load balancer", "hands each request to any replica")
	d.arrow(first, balancer+boxHeight, first, processes)
	d.text("", "start", first+labels, balancer+boxHeight+31, "1. a visitor", "signs out")
	d.arrow(second, processes, second, balancer+boxHeight)
	d.text("", "start", second+labels, balancer+boxHeight+31, "4. signed out: the next", "page takes a sign-in")

	d.box("ours", 20, processes, 132, "Replica A", "tells the others")
	d.box("ours", 164, processes, 132, "Replica B", "hears")
	d.box("ours", 308, processes, 132, "Replica C", "hears")
	d.arrow(first, below, first, redis)
	d.text("", "start", first+labels, below+40, "2. takes the", "record away,", "adds to the stream")
	d.arrow(second, redis, second, below)
	d.arrow(third, redis, third, below)
	d.text("", "start", second+labels, below+40, "3. read it,", "and forget")

	d.add(`<rect class="box" x="20" y="%d" width="368" height="%d" rx="6"/>`, redis, height)
	d.text("name", "middle", 204, redis+26, "Redis")
	d.box("panel", 32, redis+height-boxHeight-12, 166, "Records", "sign-ins, encrypted")
	d.box("panel", 210, redis+height-boxHeight-12, 166, "Stream", "what has ended")

	d.arrow(asks, below, asks, service)
	d.text("", "end", asks-labels, redis+height+38, "each replica asks whose a token is,", "when its answer is older than MaxAge")
	d.box("box", 20, service, 420, "secureFlows", "checks the token, keeps the data encrypted")
	return d
}
