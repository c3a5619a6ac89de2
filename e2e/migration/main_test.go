package migration_test

import (
	"testing"

	"github.com/secureflows/secureflows-go/e2e/internal/chromium"
)

func TestMain(m *testing.M) { chromium.Run(m) }

const ada = "ada@example.com"
