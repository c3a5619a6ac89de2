// Package migration signs people in to a site that still has them go to the
// pages of an older provider, in headless Chromium, against the mocks of those.
//
//	go test -race -count=1 ./migration/
package migration
