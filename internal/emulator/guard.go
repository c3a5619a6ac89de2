package emulator

import (
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// guard keeps strangers' web pages away from the control API, which makes ID tokens of
// anybody: a developer has pages of strangers open beside the emulator. CORS
// would not do, since a page need not read an answer for a call to have its
// effect.
func (e *Emulator) guard(r *request) *refusal {
	if !e.namedHere(r) {
		return refuse(http.StatusForbidden, "the control API answers to localhost, 127.0.0.1, [::1] and the address it listens on only: "+
			"another name may be a web page's own, led here by DNS rebinding")
	}
	if crossSite(r) {
		return refuse(http.StatusForbidden, "the control API is not for web pages from elsewhere: "+
			"call it from a program, from a page served on this machine, or from the page at "+controlPrefix)
	}
	return nil
}

// namedHere looks at the Host. An attacker can make a name of theirs resolve to
// this machine, and the browser then takes their page for the emulator's own;
// but the name stays theirs.
func (e *Emulator) namedHere(r *request) bool {
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	if isLoopback(host) || slices.Contains(e.config.ControlHosts, host) {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.Equal(listeningIP(r.Request))
}

// listeningIP is where the connection arrived, or nil without one.
func listeningIP(r *http.Request) net.IP {
	if addr, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr); ok {
		return addr.IP
	}
	return nil
}

// crossSite is whether a page from elsewhere sent the request. Browsers name its
// origin wherever it could do harm or read the answer, and say the rest in
// Sec-Fetch-Site; neither can be forged by a page, and programs send none. Pages
// that are served on this machine, such as a suite that runs in the browser, are
// the developer's own.
func crossSite(r *request) bool {
	sites, origins := r.Header.Values("Sec-Fetch-Site"), r.Header.Values("Origin")
	// A form of a page that sends no Referer has the origin null, even the
	// emulator's own.
	isNull := func(origin string) bool { return origin == "null" }
	if slices.ContainsFunc(origins, func(origin string) bool { return !isNull(origin) && !ownOrigin(r, origin) }) {
		return true
	}
	if len(sites) == 0 || len(origins) > 0 && !slices.ContainsFunc(origins, isNull) {
		return slices.ContainsFunc(origins, isNull)
	}
	return slices.ContainsFunc(sites, func(site string) bool { return site != "same-origin" && site != "none" })
}

// ownOrigin reports whether origin is the emulator's, or of this machine.
func ownOrigin(r *request, origin string) bool {
	u, err := url.Parse(origin)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Scheme+"://"+u.Host != origin {
		return false
	}
	return u.Host == r.Host || isLoopback(u.Hostname())
}

// isLoopback reports whether host is this machine by its name alone, as
// browsers see it.
func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}
