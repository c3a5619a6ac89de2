package main

import (
	"strings"
	"text/template"

	"github.com/secureflows/secureflows-go/secureflowstest"
	"github.com/secureflows/secureflows-go/secureflowstest/authreturntest"
)

// commands are a person with an account at AuthReturn who moves. No token is
// printed: they go through variables of the shell and standard input, which
// neither its history nor a list of processes shows.
var commands = template.Must(template.New("commands").Parse(`
Its services are mocks inside this program. To sign in to both without a browser,
as the mocks allow, paste this into another terminal:

field() { sed "s/.*\"$1\":\"\([^\"]*\)\".*/\1/"; }
old=$(curl -s -H 'Content-Type: application/json' \
  -d '{"email": "{{.User}}", "password": "{{.Password}}"}' {{.AuthReturn}}/api/login | field token)
id=$(curl -s {{.SecureFlows}}/_emulator/id-token -d '{"email": "{{.User}}"}' | cut -d '"' -f 4)
new=$(printf 'Authorization: Bearer %s' "$id" | curl -s -H @- -H 'Content-Type: application/json' \
  -d '{"workspaceName": "{{.Workspace}}", "app_id": "{{.App}}"}' \
  {{.SecureFlows}}/api/v1/sessions/get-or-create | cut -d '"' -f 4)
call() { token=$1; shift; printf 'Authorization: Bearer %s' "$token" | curl -i -H @- "$@"; echo; }

call "$old" {{.API}}/notes
call "$old" {{.API}}/notes -d '{"text": "too late"}'
call "$new" {{.API}}/notes
printf 'header = "Authorization: Bearer %s"\ndata = "{\\"token\\": \\"%s\\", \\"password\\": \\"{{.Password}}\\"}"\n' "$new" "$old" |
  curl -i -K - {{.API}}/link; echo
call "$new" {{.API}}/notes
call "$old" {{.API}}/notes
`))

// demo says how to try the backend.
func demo(m *mocks, api string) string {
	var text strings.Builder
	err := commands.Execute(&text, map[string]string{
		"API": api, "SecureFlows": m.secureFlows.Origin(), "AuthReturn": m.authReturn.Origin(),
		"Workspace": secureflowstest.Workspace, "App": secureflowstest.AppID, "User": ada, "Password": authreturntest.Password,
	})
	if err != nil {
		panic(err) // the template is a constant
	}
	return text.String()
}
