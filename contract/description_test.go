package contract_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

const descriptionFile = "../testdata/openapi.yaml"

func loadDescription(t testing.TB) *openapi3.T {
	t.Helper()
	document, err := openapi3.NewLoader().LoadFromFile(descriptionFile)
	if err != nil {
		t.Fatal(err)
	}
	return document
}

// Examples, defaults and patterns are checked by the validator along with the form.
func TestDescriptionIsValid(t *testing.T) {
	err := loadDescription(t).Validate(context.Background(),
		openapi3.EnableMultiError(), openapi3.EnableSchemaFormatValidation())
	if err != nil {
		t.Fatal(err)
	}
}

func TestOperationsAreComplete(t *testing.T) {
	ids := map[string]bool{}
	eachOperation(loadDescription(t), func(path, method string, operation *openapi3.Operation) {
		name := method + " " + path
		if operation.OperationID == "" || ids[operation.OperationID] {
			t.Errorf("%s: operationId %q is missing or used twice", name, operation.OperationID)
		}
		ids[operation.OperationID] = true
		if operation.Summary == "" || len(operation.Tags) == 0 {
			t.Errorf("%s has no summary or no tag", name)
		}
		if operation.Security == nil {
			t.Errorf("%s does not say which credentials it takes; none is written []", name)
		}
		for status, response := range operation.Responses.Map() {
			lintResponse(t, name+" "+status, response.Value)
		}
	})
}

// lintResponse wants what the service puts on every answer, and a closed schema on what is not the user's data.
func lintResponse(t *testing.T, name string, response *openapi3.Response) {
	for _, header := range []string{"Cache-Control", "Vary", "Access-Control-Allow-Origin"} {
		if described := response.Headers[header]; described == nil || !described.Value.Required {
			t.Errorf("%s does not require %s", name, header)
		}
	}
	for mediaType, content := range response.Content {
		if mediaType != "application/json" || content.Schema == nil {
			t.Errorf("%s has %s or no schema", name, mediaType)
			continue
		}
		lintSchema(t, name, content.Schema.Value)
	}
}

func lintSchema(t *testing.T, name string, schema *openapi3.Schema) {
	if schema.Type.Includes(openapi3.TypeObject) && schema.AdditionalProperties.Has == nil {
		t.Errorf("%s: an object leaves open whether it may have further members", name)
	}
	for property, value := range schema.Properties {
		lintSchema(t, name+"."+property, value.Value)
	}
	for _, alternative := range slices.Concat(schema.OneOf, schema.AnyOf) {
		lintSchema(t, name, alternative.Value)
	}
	if schema.Items != nil {
		lintSchema(t, name+"[]", schema.Items.Value)
	}
}

// Every refusal of the published error table has to be described somewhere.
func TestErrorStatusesAreDescribed(t *testing.T) {
	described := map[string]bool{}
	eachOperation(loadDescription(t), func(_, _ string, operation *openapi3.Operation) {
		for status := range operation.Responses.Map() {
			described[status] = true
		}
	})
	for _, status := range strings.Fields("400 401 403 404 410 413 429 503") {
		if !described[status] {
			t.Errorf("no operation describes %s", status)
		}
	}
}

func eachOperation(document *openapi3.T, visit func(path, method string, operation *openapi3.Operation)) {
	for _, path := range document.Paths.InMatchingOrder() {
		operations := document.Paths.Value(path).Operations()
		for _, method := range slices.Sorted(maps.Keys(operations)) {
			visit(path, method, operations[method])
		}
	}
}
