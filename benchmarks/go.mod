module github.com/secureflows/secureflows-go/benchmarks

go 1.25.0

replace (
	github.com/secureflows/secureflows-go => ../
	github.com/secureflows/secureflows-go/internal/jwtverify => ../internal/jwtverify
	github.com/secureflows/secureflows-go/middleware/authreturn => ../middleware/authreturn
	github.com/secureflows/secureflows-go/middleware/productflo => ../middleware/productflo
	github.com/secureflows/secureflows-go/middleware/vertesia => ../middleware/vertesia
)

require (
	connectrpc.com/authn v0.2.0
	github.com/alexedwards/scs/v2 v2.9.0
	github.com/auth0/go-jwt-middleware/v2 v2.3.1
	github.com/clerk/clerk-sdk-go/v2 v2.4.2
	github.com/coreos/go-oidc/v3 v3.21.0
	github.com/go-chi/jwtauth/v5 v5.3.3
	github.com/golang-jwt/jwt/v5 v5.3.1
	github.com/secureflows/secureflows-go v0.0.0
	github.com/secureflows/secureflows-go/middleware/authreturn v0.0.0-00010101000000-000000000000
	github.com/secureflows/secureflows-go/middleware/productflo v0.0.0-00010101000000-000000000000
	github.com/secureflows/secureflows-go/middleware/vertesia v0.0.0-00010101000000-000000000000
	github.com/stretchr/testify v1.12.1
)

require (
	connectrpc.com/connect v1.16.2 // indirect
	github.com/decred/dcrd/dcrec/secp256k1/v4 v4.3.0 // indirect
	github.com/go-jose/go-jose/v3 v3.0.4 // indirect
	github.com/go-jose/go-jose/v4 v4.1.8
	github.com/goccy/go-json v0.10.3 // indirect
	github.com/hashicorp/go-cleanhttp v0.5.2 // indirect
	github.com/hashicorp/go-retryablehttp v0.7.8 // indirect
	github.com/lestrrat-go/blackmagic v1.0.2 // indirect
	github.com/lestrrat-go/httpcc v1.0.1 // indirect
	github.com/lestrrat-go/httprc v1.0.6 // indirect
	github.com/lestrrat-go/iter v1.0.2 // indirect
	github.com/lestrrat-go/jwx/v2 v2.1.3 // indirect
	github.com/lestrrat-go/option v1.0.1 // indirect
	github.com/secureflows/secureflows-go/internal/jwtverify v0.0.0 // indirect
	github.com/segmentio/asm v1.2.0 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	golang.org/x/crypto v0.45.0 // indirect
	golang.org/x/oauth2 v0.36.0 // indirect
	golang.org/x/sys v0.38.0 // indirect
	google.golang.org/protobuf v1.34.2 // indirect
	gopkg.in/go-jose/go-jose.v2 v2.6.3 // indirect
)
