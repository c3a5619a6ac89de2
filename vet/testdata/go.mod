module example.com/corpus

go 1.25.0

replace github.com/secureflows/secureflows-go => ../../

require (
	github.com/secureflows/secureflows-go v0.0.0-00010101000000-000000000000
	github.com/sirupsen/logrus v1.10.2
)

require (
	github.com/hashicorp/go-cleanhttp v0.5.2 // indirect
	github.com/hashicorp/go-retryablehttp v0.7.8 // indirect
	golang.org/x/sys v0.20.0 // indirect
)
