package main

import (
	"strings"
	"text/template"

	"github.com/secureflows/secureflows-go/secureflowstest"
)

// The people of the demonstration, who exist in the mock alone.
const (
	demoUser     = "ada@example.com"
	demoOperator = "grace@example.com"
)

// commands sign in without a browser, as only the mock allows. The token is never
// printed: it goes from one command to the next through a variable of the shell
// and standard input, which neither its history nor a list of processes shows.
var commands = template.Must(template.New("commands").Parse(`
Its service is the bundled mock at {{.Mock}}, which forgets everything when
this program stops. Without a token there is a 401 that names the hosted login:

curl -i {{.API}}/notes

To sign in without a browser, paste this into another terminal:

sign_in() {
  id=$(curl -s {{.Mock}}/_emulator/id-token -d "{\"email\": \"$1\"}" | cut -d '"' -f 4)
  token=$(printf 'Authorization: Bearer %s' "$id" | curl -s -H @- -H 'Content-Type: application/json' \
    -d '{"workspaceName": "{{.Workspace}}", "app_id": "{{.App}}"}' \
    {{.Mock}}/api/v1/sessions/get-or-create | cut -d '"' -f 4)
}
call() { printf 'Authorization: Bearer %s' "$token" | curl -i -H @- "$@"; echo; }

sign_in {{.User}}
call {{.API}}/me
call {{.API}}/notes -d '{"text": "buy milk"}'
call {{.API}}/notes
call {{.API}}/statistics

sign_in {{.Operator}}
call {{.API}}/statistics

sign_in {{.User}}
call -X DELETE {{.API}}/account
call {{.API}}/notes
`))

// demo says how to try the API.
func demo(mock, api string) string {
	var text strings.Builder
	err := commands.Execute(&text, map[string]string{
		"Mock": mock, "API": api, "Workspace": secureflowstest.Workspace, "App": secureflowstest.AppID,
		"User": demoUser, "Operator": demoOperator,
	})
	if err != nil {
		panic(err) // the template is a constant
	}
	return text.String()
}
