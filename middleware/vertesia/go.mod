module github.com/secureflows/secureflows-go/middleware/vertesia

go 1.25.0

replace github.com/secureflows/secureflows-go => ../../

replace github.com/secureflows/secureflows-go/internal/jwtverify => ../../internal/jwtverify

require (
	github.com/go-jose/go-jose/v4 v4.1.8
	github.com/secureflows/secureflows-go v0.0.0-00010101000000-000000000000
	github.com/secureflows/secureflows-go/internal/jwtverify v0.0.0-00010101000000-000000000000
	github.com/stretchr/testify v1.12.1
	go.uber.org/goleak v1.3.0
)

require (
	github.com/alexedwards/scs/v2 v2.9.0 // indirect
	github.com/hashicorp/go-cleanhttp v0.5.2 // indirect
	github.com/hashicorp/go-retryablehttp v0.7.8 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
)
