package main

import (
	"testing"

	"github.com/secureflows/secureflows-go/examples/frameworks/internal/check"
)

func TestRoutes(t *testing.T) { check.Routes(t, routes) }
