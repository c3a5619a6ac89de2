package secureflows_test

import (
	"encoding/json"
	"fmt"

	"github.com/secureflows/secureflows-go"
)

func ExampleIdentity_Person() {
	type Account struct{ Name string }
	accounts := map[secureflows.Person]Account{
		{Provider: "authreturn", Subject: "1"}: {Name: "Ada"},
		{Provider: "", Subject: "1"}:           {Name: "Grace"},
	}
	old := secureflows.Identity{Provider: "authreturn", Subject: "1", Email: "ada@example.com"}
	fmt.Println(accounts[old.Person()].Name)
	fmt.Println(accounts[secureflows.Identity{UserID: 1}.Person()].Name)
	// Output:
	// Ada
	// Grace
}

func ExampleGrants() {
	identity := secureflows.Identity{
		Provider: "vertesia", Subject: "user:42", Tenant: "acme",
		Roles: secureflows.GrantsOf("reader", "member"),
	}
	fmt.Println(identity.Roles.Has("reader"), identity.Roles.Has("owner"))
	for role := range identity.Roles.All() {
		fmt.Println(role)
	}
	fmt.Println("no permissions:", identity.Permissions == (secureflows.Grants{}))
	fmt.Println("no roles:", identity.Roles.IsZero())
	// Output:
	// true false
	// reader
	// member
	// no permissions: true
	// no roles: false
}

// Grants of a form that is not published are handed on as they are; what they
// mean, the program decides.
func ExampleRawGrants() {
	permissions, err := secureflows.RawGrants(json.RawMessage(`{"projects": "write"}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(permissions.Has("projects"))
	var levels map[string]string
	if err := json.Unmarshal(permissions.Raw(), &levels); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(levels["projects"])
	// Output:
	// false
	// write
}
