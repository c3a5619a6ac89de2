package sdk_test

import (
	"go/types"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/go/packages"

	"github.com/secureflows/secureflows-go/vet/internal/sdk"
)

// A name that the SDK does not have would make a rule find nothing, silently.
func TestNamesAreTheSDKs(t *testing.T) {
	loaded, err := packages.Load(&packages.Config{
		Mode: packages.NeedName | packages.NeedTypes | packages.NeedImports | packages.NeedDeps | packages.NeedExportFile,
		Dir:  "../../testdata",
	}, sdk.Path, sdk.MiddlewarePath)
	require.NoError(t, err)
	scopes := map[string]*types.Scope{}
	for _, pkg := range loaded {
		require.Empty(t, pkg.Errors)
		scopes[pkg.PkgPath] = pkg.Types.Scope()
	}
	for _, name := range sdk.Names() {
		object := scopes[name.Package].Lookup(name.Func)
		if name.Receiver != "" {
			receiver := scopes[name.Package].Lookup(name.Receiver)
			require.NotNil(t, receiver, "%v", name)
			object, _, _ = types.LookupFieldOrMethod(types.NewPointer(receiver.Type()), true, receiver.Pkg(), name.Func)
		}
		fn, ok := object.(*types.Func)
		if assert.True(t, ok, "the SDK has no %v", name) {
			assert.Equal(t, name, sdk.Of(fn))
		}
	}
	for _, name := range sdk.Sentinels() {
		assert.Equal(t, name, sdk.Sentinel(scopes[sdk.Path].Lookup(name)))
	}
}
