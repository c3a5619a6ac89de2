package emulator

import (
	"log/slog"
	"net/http"
	"strings"
	"time"
)

// log writes the one line that each request gets. What the emulator's own page
// asks again and again is for who wants to see everything.
func (e *Emulator) log(x *request, status int, met Fault) {
	logger, level := e.config.Logger, slog.LevelInfo
	if strings.HasPrefix(x.path, controlPrefix) && (x.Method == http.MethodGet || x.Method == http.MethodHead) {
		level = slog.LevelDebug
	}
	if logger == nil || !logger.Enabled(x.Context(), level) {
		return
	}
	secrets := x.secrets()
	line := []slog.Attr{
		slog.String("method", redactText(x.Method, secrets)),
		slog.String("path", redactPath(x.path, secrets)),
	}
	if x.URL.RawQuery != "" {
		line = append(line, slog.String("query", redactQuery(x.URL.RawQuery, secrets)))
	}
	line = append(line, slog.Int("status", status), slog.Duration("duration", time.Since(x.arrived).Round(time.Microsecond)))
	if x.session != nil {
		line = append(line, slog.Int64("session", x.session.id))
	}
	if x.person != nil {
		line = append(line, slog.Int64("user", x.person.id), slog.String("email", redactText(x.person.email, secrets)))
	}
	if met.changes() {
		line = append(line, slog.Bool("fault", true))
	}
	logger.LogAttrs(x.Context(), level, "request", line...)
}
