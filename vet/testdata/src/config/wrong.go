// Package config is a server that gets its Config in ways of every kind.
package config

import (
	"cmp"
	"encoding/json"
	"net/http"
	"os"

	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	"github.com/gorilla/mux"
	"github.com/labstack/echo/v4"
	"github.com/spf13/viper"

	"github.com/secureflows/secureflows-go"
)

// page:wrong
func fromEnvironment() (*secureflows.Client, error) {
	return secureflows.New(secureflows.Config{
		Workspace: os.Getenv("SECUREFLOWS_WORKSPACE"), // want `Workspace comes from the environment`
		AppID:     "notes",
	})
}

func perRequest(r *http.Request) (*secureflows.Client, error) {
	return secureflows.New(secureflows.Config{
		Workspace: "example",
		AppID:     r.URL.Query().Get("app_id"), // want `AppID comes from a request`
	})
}

// page:end

func originFromEnvironment() secureflows.Config {
	cfg := secureflows.Config{Workspace: "example", AppID: "notes"}
	if origin, ok := os.LookupEnv("SECUREFLOWS_ORIGIN"); ok {
		cfg.Origin = origin // want `Origin comes from the environment`
	}
	return cfg
}

func setting(name, otherwise string) string { return cmp.Or(os.Getenv(name), otherwise) }

func throughFunction() secureflows.Config {
	return secureflows.Config{
		Workspace: setting("WORKSPACE", "example"), // want `Workspace comes from the environment`
		AppID:     setting("APP_ID", "notes"),      // want `AppID comes from the environment`
	}
}

var app = os.Getenv("APP")

func throughGlobal() secureflows.Config {
	return secureflows.Config{Workspace: "example", AppID: app} // want `AppID comes from the environment`
}

func byViper() secureflows.Config {
	return secureflows.Config{
		Workspace: viper.GetString("secureflows.workspace"), // want `Workspace comes from the environment`
		AppID:     "notes",
	}
}

type tags struct {
	Workspace string `env:"WORKSPACE,required"`
	Address   string `env:"ADDRESS" envDefault:":8080"`
}

func byTags(t tags) secureflows.Config {
	return secureflows.Config{Workspace: t.Workspace, AppID: "notes"} // want `Workspace comes from the environment`
}

type file struct {
	Service struct{ App, Address string }
}

func unmarshalled() (cfg secureflows.Config, err error) {
	var f file
	if err := viper.Unmarshal(&f); err != nil {
		return cfg, err
	}
	return secureflows.Config{Workspace: "example", AppID: f.Service.App}, nil // want `AppID comes from the environment`
}

func whole() (*secureflows.Client, error) {
	var cfg secureflows.Config // want `this Config comes from the environment`
	if err := viper.UnmarshalKey("secureflows", &cfg); err != nil {
		return nil, err
	}
	return secureflows.New(cfg)
}

func byHost(r *http.Request) secureflows.Config {
	return secureflows.Config{Workspace: r.Host, AppID: "notes"} // want `Workspace comes from a request`
}

func fromBody(w http.ResponseWriter, r *http.Request) {
	var body struct{ Workspace, Note string }
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		http.Error(w, "what?", http.StatusBadRequest)
		return
	}
	connect(body.Workspace)
}

func connect(workspace string) (*secureflows.Client, error) {
	return secureflows.New(secureflows.Config{Workspace: workspace, AppID: "notes"}) // want `Workspace comes from a request`
}

func byChi(r *http.Request) secureflows.Config {
	return secureflows.Config{Workspace: chi.URLParam(r, "workspace"), AppID: "notes"} // want `Workspace comes from a request`
}

func byGorilla(r *http.Request) secureflows.Config {
	return secureflows.Config{Workspace: mux.Vars(r)["workspace"], AppID: "notes"} // want `Workspace comes from a request`
}

func byGin(c *gin.Context) secureflows.Config {
	return secureflows.Config{Workspace: "example", AppID: c.Param("app")} // want `AppID comes from a request`
}

func byEcho(c echo.Context) secureflows.Config {
	return secureflows.Config{Workspace: "example", AppID: "notes", Origin: "https://" + c.QueryParam("region")} // want `Origin comes from a request`
}

func boundByGin(c *gin.Context) (cfg secureflows.Config, err error) {
	var query struct {
		App string `form:"app"`
	}
	if err := c.ShouldBindQuery(&query); err != nil {
		return cfg, err
	}
	return secureflows.Config{Workspace: "example", AppID: query.App}, nil // want `AppID comes from a request`
}
