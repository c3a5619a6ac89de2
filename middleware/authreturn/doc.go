// Package authreturn
package authreturn
