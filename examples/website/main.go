// Website is a notes application with pages rendered on the server: visitors
// sign in by redirect, and their notes lie in their own secureFlows session.
// The program itself stores nothing, and no page needs JavaScript.
//
//	go run -C examples/website .
//
// runs it beside a mock of the service, and prints the address to open. Against
// a real deployment, whose allowlist has https://notes.example.com/auth/callback:
//
//	go run -C examples/website . -workspace my-workspace -app my-app \
//		-url https://notes.example.com
//
// Several of it behind a load balancer share their sign-ins by -redis and -keys.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/secureflowstest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "website:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	settings, err := parse(args)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", settings.addr)
	if err != nil {
		return err
	}
	defer listener.Close()
	public, err := publicURL(settings.url, listener.Addr())
	if err != nil {
		return err
	}
	cfg := secureflows.Config{Workspace: settings.workspace, AppID: settings.app, Origin: settings.origin}
	if settings.mocked() {
		mock := secureflowstest.Start(secureflowstest.Options{RedirectURIs: []string{public + callbackPath}})
		defer mock.Close()
		cfg = secureflows.Config{Workspace: secureflowstest.Workspace, AppID: secureflowstest.AppID, Origin: mock.Origin()}
	}
	var shared *sharing
	if settings.redis != "" {
		if shared, err = share(settings.redis, settings.keys); err != nil {
			return err
		}
		defer shared.close()
	}
	website, err := newSite(ctx, cfg, public, shared)
	if err != nil {
		return err
	}
	fmt.Fprint(out, welcome(public, cfg.Origin, settings.mocked()))
	return serve(ctx, listener, website)
}

// settings are what the flags say.
type settings struct{ addr, workspace, app, url, origin, redis, keys string }

// mocked reports whether the service is the bundled mock.
func (s settings) mocked() bool { return s.workspace == "" }

func parse(args []string) (s settings, err error) {
	flags := flag.NewFlagSet("website", flag.ContinueOnError)
	flags.StringVar(&s.addr, "addr", "127.0.0.1:8080", "`address` to listen on")
	flags.StringVar(&s.workspace, "workspace", "", "workspace name, from the dashboard; empty starts the bundled mock")
	flags.StringVar(&s.app, "app", "", "app id, from the dashboard")
	flags.StringVar(&s.url, "url", "", "public `URL` of this site; empty is localhost")
	flags.StringVar(&s.origin, "origin", "", "origin of the deployment; empty is secureFlows' own")
	flags.StringVar(&s.redis, "redis", "", "`URL` of a Redis that keeps the sign-ins for all replicas, such as redis://127.0.0.1:6379; empty keeps them in memory")
	flags.StringVar(&s.keys, "keys", "", "`file` of the keys that replicas share, 32 random bytes in base64 each, one a line, the one to encrypt with first; empty makes one up")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	if (s.workspace == "") != (s.app == "") || s.mocked() && s.origin != "" {
		return s, errors.New("a deployment takes both -workspace and -app; the bundled mock takes neither, and no -origin")
	}
	if s.keys != "" && s.redis == "" {
		return s, errors.New("-keys encrypts what -redis keeps: give both")
	}
	return s, nil
}

// welcome says where to look.
func welcome(public, service string, mock bool) string {
	text := fmt.Sprintf("The notes are at %s\n", public)
	if mock {
		text += fmt.Sprintf("Their service is the bundled mock at %s, which forgets everything when this program stops.\n", service)
	}
	return text
}

// publicURL is the site's origin. It is localhost where the mock is 127.0.0.1:
// cookies do not know ports, so that under one name the two would see each
// other's.
func publicURL(given string, listening net.Addr) (string, error) {
	if given == "" {
		_, port, err := net.SplitHostPort(listening.String())
		return "http://localhost:" + port, err
	}
	public, err := url.Parse(given)
	if err != nil || public.Scheme != "http" && public.Scheme != "https" || public.Host == "" ||
		given != public.Scheme+"://"+public.Host {
		return "", fmt.Errorf("-url %q must be an origin, such as https://notes.example.com", given)
	}
	return given, nil
}

// serve ends with the context, after the requests under way.
func serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
		WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute,
		ErrorLog: slog.NewLogLogger(slog.Default().Handler(), slog.LevelWarn),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	graceful, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return server.Shutdown(graceful)
}
