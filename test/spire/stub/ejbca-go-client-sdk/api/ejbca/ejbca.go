// Package ejbca stands in for Keyfactor's EJBCA client in the test build of
// spire-server.
//
// SPIRE's "ejbca" UpstreamAuthority plugin is compiled into every
// spire-server and imports that client, but the client's module archive
// cannot be had from the public Go module proxy (it answers 403), so
// spire-server would not build from modules alone. Our tests never configure
// that plugin. This package was written for meshjoin from the calls the plugin
// makes; it holds no code of the real client, talks to nothing, and every
// function that can report an error reports errNotBuilt.
package ejbca

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
)

var errNotBuilt = errors.New("ejbca: not part of the test build")

// Authenticator supplies the HTTP client to be used.
type Authenticator interface {
	GetHTTPClient() (*http.Client, error)
}

// MTLSAuthenticatorBuilder is never able to build.
type MTLSAuthenticatorBuilder struct{}

// NewMTLSAuthenticatorBuilder returns an empty builder.
func NewMTLSAuthenticatorBuilder() *MTLSAuthenticatorBuilder {
	return &MTLSAuthenticatorBuilder{}
}

// WithClientCertificate ignores the certificate.
func (b *MTLSAuthenticatorBuilder) WithClientCertificate(*tls.Certificate) *MTLSAuthenticatorBuilder {
	return b
}

// WithCaCertificates ignores the certificates.
func (b *MTLSAuthenticatorBuilder) WithCaCertificates([]*x509.Certificate) *MTLSAuthenticatorBuilder {
	return b
}

// Build always fails.
func (b *MTLSAuthenticatorBuilder) Build() (Authenticator, error) {
	return nil, errNotBuilt
}

// Configuration holds the one field the plugin sets.
type Configuration struct {
	Host string
}

// NewConfiguration returns an empty configuration.
func NewConfiguration() *Configuration {
	return &Configuration{}
}

// SetAuthenticator ignores the authenticator.
func (c *Configuration) SetAuthenticator(Authenticator) {}

// APIClient holds the one service the plugin uses.
type APIClient struct {
	V1CertificateApi *V1CertificateApiService
}

// NewAPIClient always fails.
func NewAPIClient(*Configuration) (*APIClient, error) {
	return nil, errNotBuilt
}

// V1CertificateApiService only makes requests that fail.
type V1CertificateApiService struct{}

// EnrollPkcs10Certificate returns a request whose Execute fails.
func (s *V1CertificateApiService) EnrollPkcs10Certificate(context.Context) ApiEnrollPkcs10CertificateRequest {
	return ApiEnrollPkcs10CertificateRequest{}
}

// ApiEnrollPkcs10CertificateRequest is a request that cannot be sent.
type ApiEnrollPkcs10CertificateRequest struct{}

// EnrollCertificateRestRequest ignores the body.
func (r ApiEnrollPkcs10CertificateRequest) EnrollCertificateRestRequest(EnrollCertificateRestRequest) ApiEnrollPkcs10CertificateRequest {
	return r
}

// Execute always fails.
func (r ApiEnrollPkcs10CertificateRequest) Execute() (*CertificateRestResponse, *http.Response, error) {
	return nil, nil, errNotBuilt
}

// EnrollCertificateRestRequest keeps nothing of what it is given.
type EnrollCertificateRestRequest struct{}

// NewEnrollCertificateRestRequest returns an empty request body.
func NewEnrollCertificateRestRequest() *EnrollCertificateRestRequest {
	return &EnrollCertificateRestRequest{}
}

// The setters below ignore what they are given.

func (r *EnrollCertificateRestRequest) SetUsername(string)                 {}
func (r *EnrollCertificateRestRequest) SetPassword(string)                 {}
func (r *EnrollCertificateRestRequest) SetCertificateRequest(string)       {}
func (r *EnrollCertificateRestRequest) SetCertificateAuthorityName(string) {}
func (r *EnrollCertificateRestRequest) SetCertificateProfileName(string)   {}
func (r *EnrollCertificateRestRequest) SetEndEntityProfileName(string)     {}
func (r *EnrollCertificateRestRequest) SetIncludeChain(bool)               {}
func (r *EnrollCertificateRestRequest) SetAccountBindingId(string)         {}

// CertificateRestResponse is never filled in, as no request succeeds.
type CertificateRestResponse struct {
	CertificateChain []string
}

func (r *CertificateRestResponse) GetResponseFormat() string { return "" }
func (r *CertificateRestResponse) GetCertificate() string    { return "" }

// GenericOpenAPIError is the error type the plugin looks for; it never occurs.
type GenericOpenAPIError struct{}

func (e GenericOpenAPIError) Error() string { return errNotBuilt.Error() }
func (e GenericOpenAPIError) Body() []byte  { return nil }
