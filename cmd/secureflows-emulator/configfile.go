package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/secureflows/secureflows-go/internal/emulator"
	"github.com/secureflows/secureflows-go/internal/emulator/strictjson"
)

// exampleConfig is shown by -h, and has every member there is.
const exampleConfig = `{
  "workspaces": [
    {
      "name": "shop",
      "enableSelfService": true,
      "apps": [
        {
          "id": "shop-web",
          "displayName": "The Shop",
          "redirectUris": ["http://localhost:5173/callback"],
          "tokenTtl": "1h",
          "payloadTtl": "0"
        }
      ]
    }
  ],
  "users": ["ada@example.com"],
  "maxSessions": 0,
  "maxPayloadBytes": 0,
  "expiredStatus": 410,
  "payloadLimitStatus": 429,
  "stableTokens": false,
  "dropState": false,
  "callbackErrors": "json"
}`

// configFile is the JSON of -config.
type configFile struct {
	Workspaces         []workspaceFile `json:"workspaces"` // absent or empty is an error
	Users              []string        `json:"users"`
	MaxSessions        int             `json:"maxSessions"`        // 0 is no limit
	MaxPayloadBytes    int             `json:"maxPayloadBytes"`    // 0 is no limit
	ExpiredStatus      int             `json:"expiredStatus"`      // 0 is 410
	PayloadLimitStatus int             `json:"payloadLimitStatus"` // 0 is 429
	StableTokens       bool            `json:"stableTokens"`
	DropState          bool            `json:"dropState"`
	CallbackErrors     string          `json:"callbackErrors"` // "" is json
}

type workspaceFile struct {
	Name              string    `json:"name"`
	EnableSelfService *bool     `json:"enableSelfService"` // absent is true, as at the service
	Apps              []appFile `json:"apps"`
}

type appFile struct {
	ID           string    `json:"id"`
	DisplayName  string    `json:"displayName"` // "" is the id
	RedirectURIs []string  `json:"redirectUris"`
	TokenTTL     *lifetime `json:"tokenTtl"`   // absent is an hour, "0" no limit
	PayloadTTL   lifetime  `json:"payloadTtl"` // absent or "0" is no limit
}

// lifetime is text such as 1h30m.
type lifetime time.Duration

func (l *lifetime) UnmarshalJSON(text []byte) error {
	d, err := time.ParseDuration(strings.Trim(string(text), `"`))
	if err != nil || text[0] != '"' {
		return fmt.Errorf(`the lifetime %s is not one: write it in quotes such as "90s", "1h30m" or "168h"`, text)
	}
	*l = lifetime(d)
	return nil
}

func readConfig(file string) (emulator.Config, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return emulator.Config{}, fmt.Errorf("-config: %w", err)
	}
	var read configFile
	err = strictjson.Decode(text, &read)
	if err == nil && len(read.Workspaces) == 0 {
		err = errors.New("workspaces is missing: name at least one, see -h for an example")
	}
	if err != nil {
		return emulator.Config{}, fmt.Errorf("-config %s: %w", file, err)
	}
	return read.config(), nil
}

func (f configFile) config() emulator.Config {
	config := emulator.Config{
		Users:              f.Users,
		Limits:             emulator.Limits{MaxSessions: f.MaxSessions, MaxPayloadBytes: f.MaxPayloadBytes},
		ExpiredStatus:      f.ExpiredStatus,
		PayloadLimitStatus: f.PayloadLimitStatus,
		StableTokens:       f.StableTokens,
		DropState:          f.DropState,
		CallbackErrors:     f.CallbackErrors,
	}
	for _, workspace := range f.Workspaces {
		config.Workspaces = append(config.Workspaces, workspace.workspace())
	}
	return config
}

func (f workspaceFile) workspace() emulator.Workspace {
	workspace := emulator.Workspace{Name: f.Name, DisableSelfService: f.EnableSelfService != nil && !*f.EnableSelfService}
	for _, app := range f.Apps {
		ttl := defaultTokenTTL
		if app.TokenTTL != nil {
			ttl = unlimited(time.Duration(*app.TokenTTL))
		}
		workspace.Apps = append(workspace.Apps, emulator.App{
			ID: app.ID, DisplayName: app.DisplayName, RedirectURIs: app.RedirectURIs,
			TokenTTL: ttl, PayloadTTL: time.Duration(app.PayloadTTL),
		})
	}
	return workspace
}
