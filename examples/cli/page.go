package main

import "net/http"

// page answers with one sentence. None of them comes from a request.
func page(w http.ResponseWriter, status int, sentence string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(`<!doctype html><html lang="en"><head><meta charset="utf-8">` +
		`<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">` +
		`<title>secureflows-cli</title></head>` +
		`<body style="font: 1.2rem/1.5 system-ui; max-width: 32rem; margin: 15vh auto; padding: 0 1rem">` +
		`<h1 style="font-size: 1.2rem">secureflows-cli</h1><p>` + sentence + "</p></body></html>\n"))
	_ = http.NewResponseController(w).Flush() // the program may be about to end
}
