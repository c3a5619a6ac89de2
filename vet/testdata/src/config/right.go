package config

import (
	"database/sql"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/labstack/echo/v4"
	"github.com/spf13/viper"

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

// given has its Config from whoever calls it.
func given(name, app string) secureflows.Config {
	return secureflows.Config{Workspace: name, AppID: app}
}

func giver() secureflows.Config { return given(workspace, appID) }

// checked refuses to start where the environment means another deployment.
func checked() (cfg secureflows.Config, err error) {
	cfg = secureflows.Config{Workspace: workspace, AppID: appID}
	if expected := os.Getenv("WORKSPACE"); expected != cfg.Workspace {
		return cfg, fmt.Errorf("built for %s, started for %s", cfg.Workspace, expected)
	}
	return cfg, nil
}

func switched(r *http.Request) secureflows.Config {
	cfg := secureflows.Config{Workspace: workspace, AppID: appID}
	switch r.PathValue("app") {
	case "lists":
		cfg.AppID = "lists"
	case "drawings":
		cfg.AppID = "drawings"
	}
	return cfg
}

// stored is what the operators have entered, and no request says.
func stored(r *http.Request, db *sql.DB) (cfg secureflows.Config, err error) {
	cfg.Workspace = workspace
	err = db.QueryRowContext(r.Context(), "SELECT app FROM hosts WHERE name = ?", r.Host).Scan(&cfg.AppID)
	return cfg, err
}

func logLevel() secureflows.Config {
	level := slog.LevelInfo
	if viper.GetBool("debug") {
		level = slog.LevelDebug
	}
	logger := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
	return secureflows.Config{Workspace: workspace, AppID: appID, Logger: logger}
}

func throughStruct() secureflows.Config {
	d := database{Workspace: workspace, AppID: appID, Origin: secureflows.ProductionOrigin}
	cfg := secureflows.Config{AppID: appID}
	cfg.Workspace = workspace
	slog.Info("made", "database", d)
	return cfg
}

func payloadByGin(c *gin.Context, client *secureflows.Client) (string, error) {
	return client.LoginURL(secureflows.LoginOptions{RedirectURI: "https://notes.example.com/cb", State: c.Query("workspace")})
}

func greetByEcho(c echo.Context) error {
	cfg := secureflows.Config{Workspace: workspace, AppID: appID}
	return c.String(http.StatusOK, c.QueryParam("greeting")+" from "+cfg.Workspace)
}

func read(cfg secureflows.Config) bool { return cfg.Workspace == os.Getenv("WORKSPACE") }

func emptyOrigin(cfg secureflows.Config) secureflows.Config {
	if os.Getenv("CI") != "" {
		cfg.Origin = ""
	}
	return cfg
}
