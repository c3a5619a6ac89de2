module github.com/secureflows/secureflows-go/e2e

go 1.25.0

replace github.com/secureflows/secureflows-go => ../

replace github.com/secureflows/secureflows-go/internal/jwtverify => ../internal/jwtverify

replace github.com/secureflows/secureflows-go/middleware/authreturn => ../middleware/authreturn

replace github.com/secureflows/secureflows-go/middleware/vertesia => ../middleware/vertesia

require (
	github.com/chromedp/cdproto v0.159.0
	github.com/chromedp/chromedp v0.23.0
	github.com/secureflows/secureflows-go v0.0.0-00010101000000-000000000000
	github.com/secureflows/secureflows-go/middleware/authreturn v0.0.0-00010101000000-000000000000
	github.com/secureflows/secureflows-go/middleware/vertesia v0.0.0-00010101000000-000000000000
	github.com/stretchr/testify v1.12.1
)

require (
	github.com/alexedwards/scs/v2 v2.9.0 // indirect
	github.com/go-jose/go-jose/v4 v4.1.8 // indirect
	github.com/go-json-experiment/json v0.0.0-20260213210345-44df1a37e875 // indirect
	github.com/hashicorp/go-cleanhttp v0.5.2 // indirect
	github.com/hashicorp/go-retryablehttp v0.7.8 // indirect
	github.com/secureflows/secureflows-go/internal/jwtverify v0.0.0-00010101000000-000000000000 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
)
