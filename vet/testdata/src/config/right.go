package config

import (
	"flag"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/secureflows/secureflows-go"
)

// page:right
const (
	workspace = "example"
	appID     = "notes"
)

func constants() (*secureflows.Client, error) {
	return secureflows.New(secureflows.Config{Workspace: workspace, AppID: appID})
}

// page:end

func otherFields() (secureflows.Config, error) {
	retries, err := strconv.Atoi(os.Getenv("RETRIES"))
	return secureflows.Config{Workspace: workspace, AppID: appID, MaxRetries: retries}, err
}

func otherFlags() (*secureflows.Client, string, error) {
	address := flag.String("addr", os.Getenv("ADDR"), "address to listen on")
	timeout := flag.Duration("timeout", time.Second, "of each attempt")
	flag.Parse()
	client, err := secureflows.New(secureflows.Config{
		Workspace: workspace, AppID: appID, HTTPClient: &http.Client{Timeout: *timeout},
	})
	return client, *address, err
}

// deployment is chosen by a name, among constants.
func deployment() secureflows.Config {
	if os.Getenv("DEPLOYMENT") == "staging" {
		return secureflows.Config{Workspace: "example-staging", AppID: appID}
	}
	return secureflows.Config{Workspace: workspace, AppID: appID}
}

var apps = map[string]string{"notes.example.com": "notes", "lists.example.com": "lists"}

func chosenByHost(r *http.Request) secureflows.Config {
	return secureflows.Config{Workspace: workspace, AppID: apps[r.Host]}
}

// database has fields of the same names.
type database struct{ Workspace, AppID, Origin string }

func anothersConfig() database {
	return database{Workspace: os.Getenv("WORKSPACE"), Origin: os.Getenv("ORIGIN")}
}

func callbackFromEnvironment(client *secureflows.Client) (string, error) {
	return client.LoginURL(secureflows.LoginOptions{RedirectURI: os.Getenv("PUBLIC_URL") + "/auth/callback"})
}

func handle(w http.ResponseWriter, r *http.Request, client *secureflows.Client) {
	slog.Info("asked", "workspace", r.URL.Query().Get("workspace"), "by", client)
}

func otherTags(t tags) (secureflows.Config, string) {
	return secureflows.Config{Workspace: workspace, AppID: appID}, t.Address
}

func pathOfFixedOrigin(cfg secureflows.Config) secureflows.Config {
	cfg.Origin = secureflows.ProductionOrigin
	return cfg
}
