package jwtverify

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
)

// keyForm names the form of a key for ES256, RS256 or the like that a text has,
// "" if it has none. Only a public one is known to everybody; a private one is
// not what HS256 is for either.
func keyForm(raw []byte) string {
	text := bytes.TrimSpace(bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf")))
	switch {
	case bytes.Contains(text, []byte("-----BEGIN ")):
		return "PEM"
	case isJWK(text):
		return "JSON"
	case isSSH(text):
		return "OpenSSH"
	case isDER(raw), isDER(decoded(text)): // whose last byte may be a space
		return "DER"
	}
	return ""
}

func isJWK(text []byte) bool {
	var jwk struct{ KTY, Keys json.RawMessage }
	return json.Unmarshal(text, &jwk) == nil && (jwk.KTY != nil || jwk.Keys != nil)
}

func isSSH(text []byte) bool {
	for _, name := range []string{"ssh-rsa ", "ssh-ed25519 ", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-"} {
		if bytes.HasPrefix(text, []byte(name)) {
			return true
		}
	}
	return false
}

// decoded undoes base64 in any of its spellings, nil for what is none.
func decoded(text []byte) []byte {
	text = bytes.TrimRight(bytes.Join(bytes.Fields(text), nil), "=")
	der, err := base64.RawURLEncoding.DecodeString(toURLAlphabet.Replace(string(text)))
	if err != nil {
		return nil
	}
	return der
}

// isDER looks for the name of an algorithm near the beginning of a sequence: keys
// by themselves have it there, cut short ones too; a certificate is read.
func isDER(text []byte) bool {
	if len(text) == 0 || text[0] != 0x30 {
		return false
	}
	beginning := text[:min(len(text), 64)]
	for _, identifier := range []string{"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01", "\x06\x07\x2a\x86\x48\xce\x3d\x02\x01", "\x06\x03\x2b\x65\x70"} { // RSA, EC, Ed25519
		if bytes.Contains(beginning, []byte(identifier)) {
			return true
		}
	}
	_, notPKCS1 := x509.ParsePKCS1PublicKey(text)
	_, notCertificate := x509.ParseCertificate(text)
	return notPKCS1 == nil || notCertificate == nil
}
