package emulator

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// ConfigError is a setting that New or SetLimits refuses. The command says by
// it which of its flags is wrong.
type ConfigError struct {
	Where   string // such as `workspace "shop", app "web"`; "" outside of workspaces
	Setting string // a field of Config, Workspace, App or Limits
	Problem string // what is wrong, and what to write instead
}

// Error is all three.
func (err *ConfigError) Error() string {
	text := err.Setting + " " + err.Problem
	if err.Where != "" {
		text = err.Where + ": " + text
	}
	return "emulator: " + text
}

// Member is the setting's name in JSON.
func (err *ConfigError) Member() string {
	switch err.Setting {
	case "ID":
		return "id"
	case "TokenTTL":
		return "tokenTtl"
	case "PayloadTTL":
		return "payloadTtl"
	case "RedirectURIs":
		return "redirectUris"
	}
	return strings.ToLower(err.Setting[:1]) + err.Setting[1:]
}

func wrongSetting(setting, format string, values ...any) *ConfigError {
	return &ConfigError{Setting: setting, Problem: fmt.Sprintf(format, values...)}
}

// within says where a setting is, if err is about one.
func within(err error, format string, values ...any) error {
	var wrong *ConfigError
	if !errors.As(err, &wrong) {
		return err
	}
	where := fmt.Sprintf(format, values...)
	if wrong.Where != "" {
		where += ", " + wrong.Where
	}
	return &ConfigError{where, wrong.Setting, wrong.Problem}
}

func (c Config) check() error {
	switch c.ExpiredStatus {
	case 0, http.StatusGone, http.StatusUnauthorized:
	default:
		return wrongSetting("ExpiredStatus", "is %d: it is 410, 401, or 0 for 410", c.ExpiredStatus)
	}
	switch c.PayloadLimitStatus {
	case 0, http.StatusTooManyRequests, http.StatusRequestEntityTooLarge:
	default:
		return wrongSetting("PayloadLimitStatus", "is %d: it is 429, 413, or 0 for 429", c.PayloadLimitStatus)
	}
	switch c.CallbackErrors {
	case "", CallbackErrorsJSON, CallbackErrorsRedirect:
	default:
		return wrongSetting("CallbackErrors", "is %q: it is %q, %q, or empty for %[2]q",
			c.CallbackErrors, CallbackErrorsJSON, CallbackErrorsRedirect)
	}
	if err := c.Limits.check(); err != nil {
		return err
	}
	names := make(map[string]bool)
	for _, workspace := range c.Workspaces {
		if names[workspace.Name] {
			return wrongSetting("Workspaces", "has %q twice: merge their apps", workspace.Name)
		}
		names[workspace.Name] = true
		if err := workspace.check(); err != nil {
			return within(err, "workspace %q", workspace.Name)
		}
	}
	return nil
}

func (w Workspace) check() error {
	if strings.TrimSpace(w.Name) == "" {
		return wrongSetting("Name", "is empty: give one such as demo-workspace")
	}
	ids := make(map[string]bool)
	for _, app := range w.Apps {
		if ids[app.ID] {
			return wrongSetting("Apps", "has %q twice: merge their redirect URIs", app.ID)
		}
		ids[app.ID] = true
		if err := app.check(); err != nil {
			return within(err, "app %q", app.ID)
		}
	}
	return nil
}

func (a App) check() error {
	if strings.TrimSpace(a.ID) == "" {
		return wrongSetting("ID", "is empty: give one such as demo-app")
	}
	if a.PayloadTTL < 0 {
		return wrongSetting("PayloadTTL", "is %v: it is positive, or 0 for no end", a.PayloadTTL)
	}
	for _, uri := range a.RedirectURIs {
		if err := checkRedirectURI(uri); err != nil {
			return wrongSetting("RedirectURIs", "has %q: %v", uri, err)
		}
	}
	return nil
}

// check is shared by Config, SetLimits and the control API.
func (l Limits) check() error {
	if l.MaxSessions < 0 {
		return wrongSetting("MaxSessions", "is %d: it is positive, or 0 for no limit", l.MaxSessions)
	}
	if l.MaxPayloadBytes < 0 {
		return wrongSetting("MaxPayloadBytes", "is %d: it is positive, or 0 for no limit", l.MaxPayloadBytes)
	}
	return nil
}
