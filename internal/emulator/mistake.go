package emulator

import (
	"net/http"
	"net/url"
	"strings"
)

// mistake is what the page says of a login link that must not be followed. The
// page leads nowhere: not with a link, a form or a redirect.
type mistake struct {
	Problem    string
	Parameter  string
	Given      string // "" when the link does not have the parameter
	Reason     string
	KnownTitle string
	Known      []string // what would have been right
	Fix        string
	Flag       string // of the command; "" when none helps
	FlagHint   string
}

// loginMistake names the parameter that made returnTo refuse the link.
func (e *Emulator) loginMistake(query url.Values, back loginReturn) answer {
	m := mistake{Parameter: firstMissing(query)}
	tenant := e.store.Load().tenants[query.Get("workspace_name")]
	switch {
	case m.Parameter != "":
		m.Problem = "The login link has no " + m.Parameter + "."
		m.Fix = "add " + m.Parameter + " to the query of the login link, encoded once. It takes workspace_name, app_id and redirect_uri."
	case tenant == nil:
		e.unknownWorkspace(&m)
	case back.app == nil:
		unknownApp(&m, tenant.workspace)
	default:
		refusedURI(&m, back)
	}
	m.Given = shown(query.Get(m.Parameter))
	return page(http.StatusBadRequest, "mistake", m)
}

func firstMissing(query url.Values) string {
	for _, name := range []string{"workspace_name", "app_id", "redirect_uri"} {
		if query.Get(name) == "" {
			return name
		}
	}
	return ""
}

func (e *Emulator) unknownWorkspace(m *mistake) {
	m.Parameter = "workspace_name"
	m.Problem = "There is no workspace with the workspace_name of the login link."
	m.KnownTitle = "Workspaces here"
	for _, workspace := range e.config.Workspaces {
		m.Known = append(m.Known, workspace.Name)
	}
	m.Fix = "use one of the workspaces above. Letter case counts."
	m.Flag = "-workspace NAME"
	m.FlagHint = "A suite that starts it in Go names the workspace in its configuration instead."
}

func unknownApp(m *mistake, workspace Workspace) {
	m.Parameter = "app_id"
	m.Problem = "The workspace " + workspace.Name + " has no application with the app_id of the login link."
	m.KnownTitle = "Applications of the workspace"
	for _, app := range workspace.Apps {
		m.Known = append(m.Known, app.ID)
	}
	m.Fix = "use the id of an application of this workspace."
	m.Flag = "-app ID"
	m.FlagHint = "A suite that starts it in Go names the application in its configuration instead."
}

func refusedURI(m *mistake, back loginReturn) {
	m.Parameter = "redirect_uri"
	m.Problem = "The redirect_uri of the login link is not on the allowlist of the application " + back.app.ID + "."
	m.KnownTitle = "Redirect URIs on the allowlist"
	m.Known = back.app.RedirectURIs
	m.Reason = "It must equal an entry exactly: scheme, host, port, path and final slash. localhost and 127.0.0.1 differ."
	m.Fix = "use an entry of the allowlist, or put this URI on it."
	if err := checkRedirectURI(back.uri); err != nil {
		m.Reason = "It cannot be allowlisted: " + shown(err.Error()) + "."
		m.Fix = "correct the redirect_uri."
		return
	}
	// Within single quotes a shell takes everything else as it is: what a
	// stranger's link says is safe to paste.
	if uri := shown(back.uri); uri == back.uri && !strings.Contains(uri, "'") {
		m.Flag = "-redirect-uri '" + uri + "'"
		m.FlagHint = "Repeat the flag for each URI: those given replace the default ones."
	}
}
