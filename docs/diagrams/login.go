package main

// lanes are the x of the three lifelines.
var lanes = [...]int{82, 230, 378}

const (
	browser = iota
	site
	service
)

// sequence draws messages from the top down.
type sequence struct {
	*drawing
	y int
}

// message is an arrow from one lane to another with its text above it.
func (s *sequence) message(from, to int, text string) {
	s.y += 42
	x, end := lanes[from], lanes[to]
	away := sign(end - x)
	// A text of about 7.5 units a character covers the lifeline it crosses.
	if away*(to-from) > 1 {
		half := len([]rune(text))*15/4 + 4
		s.add(`<rect class="behind" x="%d" y="%d" width="%d" height="19"/>`, (x+end)/2-half, s.y-20, 2*half)
	}
	s.text("", "middle", (x+end)/2, s.y-7, text)
	s.arrow(x+away, s.y, end-away, s.y)
}

// note is something that happens in one lane.
func (s *sequence) note(lane int, lines ...string) {
	s.y += 14
	height := len(lines)*lineHeight + 12
	s.add(`<rect class="ours" x="%d" y="%d" width="168" height="%d" rx="6"/>`, lanes[lane]-84, s.y, height)
	s.text("", "middle", lanes[lane], s.y+19, lines...)
	s.y += height
}

// loginFlow is a visitor's way into a site behind Browser.
func loginFlow() *drawing {
	d := &drawing{
		title: "Signing in to a site",
		description: "A visitor without a sign-in is redirected to the hosted login and comes back to the callback with a " +
			"session token and the state. The site checks the state, keeps the token, gives the browser a cookie with a " +
			"random id, and shows the page that was asked for.",
		height: 690,
	}
	const top, bottom = 20, 678
	for _, x := range lanes {
		d.add(`<path class="life" d="M%d %dL%d %d"/>`, x, top+boxHeight, x, bottom)
	}
	d.box("box", lanes[browser]-66, top, 132, "Browser", "has a cookie")
	d.box("ours", lanes[site]-66, top, 132, "Your site", "has the token")
	d.box("box", lanes[service]-66, top, 132, "secureFlows", "has the data")

	s := &sequence{d, top + boxHeight}
	s.message(browser, site, "GET /notes")
	s.message(site, browser, "303, with a state")
	s.message(browser, service, "hosted login: the person signs in")
	s.message(service, browser, "302 to the callback, token and state")
	s.message(browser, site, "GET /auth/callback")
	s.note(site, "the state is of this", "browser, used once,", "within 5 minutes")
	s.message(site, service, "whose token is it?")
	s.message(service, site, "user id, e-mail")
	s.message(site, browser, "303, a cookie")
	s.message(browser, site, "GET /notes, cookie")
	s.message(site, service, "read this session")
	s.message(service, site, "its data")
	s.message(site, browser, "the page")
	return d
}
