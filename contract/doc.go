// Package contract checks the mock server against the description of the service in testdata/openapi.yaml.
//
// It has no code of its own: its test runs the tests of internal/emulator with a recorder switched on and holds
// every recorded exchange against the description, so that an answer the service would not give fails a build
// even where no test looked at it.
//
//	go test -count=1 ./...
//
// The count matters: what the test depends on lies outside this module, where the test cache does not look.
//
// It is a module of its own because of the validator. github.com/getkin/kin-openapi was chosen over
// github.com/pb33f/libopenapi-validator: both are MIT, see several releases a month and validate OpenAPI 3.1 as JSON
// Schema 2020-12. kin-openapi brings seven modules where the other brings fifteen, with its own forks of the YAML and
// the JSON Schema library among them, and builds with the Go release this SDK supports where the other asks for 1.26.
// What kin-openapi leaves unchecked is checked here: bodies where none is described, and text after a body's JSON.
package contract
