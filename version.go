package secureflows

import (
	"runtime/debug"
	"strings"
	"sync"
)

const modulePath = "github.com/secureflows/secureflows-go"

// userAgent names this module and its version as the program was built with it,
// for the service's logs: "secureflows-go/v1.2.3 (go1.26)".
var userAgent = sync.OnceValue(func() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "secureflows-go/devel"
	}
	return "secureflows-go/" + moduleVersion(info) + " (" + info.GoVersion + ")"
})

func moduleVersion(info *debug.BuildInfo) string {
	for _, module := range append(info.Deps, &info.Main) {
		if module.Path != modulePath {
			continue
		}
		if module.Replace != nil {
			module = module.Replace
		}
		if version := strings.Trim(module.Version, "()"); version != "" {
			return version
		}
	}
	return "devel"
}
