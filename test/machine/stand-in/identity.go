package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

// alpn is what real peers offer on direct connections, the only ones on which the proxy has a protocol; a client
// may also offer nothing.
const alpn = "transport.l5d.io/v1"

var oidSubjectAltName = asn1.ObjectIdentifier{2, 5, 29, 17}

// identity holds the trust anchors and the current certificate (linkerd.md §3.4).
type identity struct {
	serverID string
	anchors  *x509.CertPool
	stats    *metrics

	current atomic.Pointer[tls.Config]

	certified     chan struct{} // closed by the first certificate
	certifiedOnce sync.Once
	abandoned     chan struct{} // closed when the identity task has panicked
}

// newIdentity fails on anchors without a usable certificate: exit 1, "Initialization failure" (§3.2).
func newIdentity(cfg *config, stats *metrics, log *logger) (*identity, error) {
	anchors, err := parseAnchors([]byte(cfg.trustAnchorsPEM), log)
	if err != nil {
		return nil, err
	}
	return &identity{
		serverID: cfg.serverID, anchors: anchors, stats: stats,
		certified: make(chan struct{}), abandoned: make(chan struct{}),
	}, nil
}

func parseAnchors(text []byte, log *logger) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	sections, certificates, added := 0, 0, 0
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		sections++
		if block.Type != "CERTIFICATE" {
			continue
		}
		certificates++
		if cert, err := x509.ParseCertificate(block.Bytes); err == nil {
			pool.AddCert(cert)
			added++
		}
	}
	switch {
	case sections < bytes.Count(text, []byte("-----BEGIN ")):
		log.warnf("linkerd_meshtls::creds", "invalid trust anchors file")
		return nil, errors.New("malformed section in PEM file")
	case certificates == 0:
		log.warnf("linkerd_meshtls::creds", "no valid certs in trust anchors file")
		return nil, errors.New("no trust roots in PEM file")
	case added < certificates:
		log.warnf("linkerd_meshtls::creds", "Skipped %d invalid trust anchors", certificates-added)
	}
	if added == 0 {
		return nil, errors.New("no trust roots loaded")
	}
	return pool, nil
}

// svid is one entry of a Workload API update.
type svid struct {
	id  string
	der []byte // the leaf, then intermediates
	key []byte // PKCS#8
}

// install checks an SVID and swaps it in, live. Open connections keep what they have.
func (id *identity) install(update svid) error {
	err := id.check(update)
	id.stats.certRefreshed(err == nil)
	return err
}

func (id *identity) check(update svid) error {
	chain, err := x509.ParseCertificates(update.der)
	if err != nil || len(chain) == 0 {
		return fmt.Errorf("invalid certificate: %w", err)
	}
	if err := id.validate(chain); err != nil {
		return err
	}
	key, err := p256Key(update.key, chain[0])
	if err != nil {
		return err
	}
	certificate := &tls.Certificate{PrivateKey: key, Leaf: chain[0]}
	for _, cert := range chain {
		certificate.Certificate = append(certificate.Certificate, cert.Raw)
	}
	id.current.Store(id.newConfig(certificate))
	id.stats.certInstalled(chain[0].NotAfter)
	id.certifiedOnce.Do(func() { close(id.certified) })
	return nil
}

// validate uses the anchors of the environment; the bundle that SPIRE delivers is ignored.
func (id *identity) validate(chain []*x509.Certificate) error {
	intermediates := x509.NewCertPool()
	for _, cert := range chain[1:] {
		intermediates.AddCert(cert)
	}
	options := x509.VerifyOptions{
		Roots: id.anchors, Intermediates: intermediates, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if _, err := chain[0].Verify(options); err != nil {
		return fmt.Errorf("invalid peer certificate: %s", rustVerifyError(err))
	}
	for _, uri := range chain[0].URIs {
		if uri.String() == id.serverID {
			return nil
		}
	}
	return errors.New("certificate does not match TLS identity")
}

func p256Key(der []byte, leaf *x509.Certificate) (*ecdsa.PrivateKey, error) {
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("invalid key: %w", err)
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok || key.Curve != elliptic.P256() {
		return nil, errors.New("invalid key: only ECDSA P-256 is supported")
	}
	if !key.PublicKey.Equal(leaf.PublicKey) {
		return nil, errors.New("invalid key: does not belong to the certificate")
	}
	return key, nil
}

// newConfig: TLS 1.3 only; a client certificate is optional, but if there is one it must be ours.
func (id *identity) newConfig(certificate *tls.Certificate) *tls.Config {
	return &tls.Config{
		MinVersion:             tls.VersionTLS13,
		Certificates:           []tls.Certificate{*certificate},
		ClientAuth:             tls.VerifyClientCertIfGiven,
		ClientCAs:              id.anchors,
		SessionTicketsDisabled: true,
	}
}

// serverConfig is nil before the first certificate, when only the admin server accepts.
func (id *identity) serverConfig() *tls.Config { return id.current.Load() }

// directConfig is for connections to 4143 itself.
func (id *identity) directConfig() *tls.Config {
	direct := id.current.Load().Clone()
	direct.NextProtos = []string{alpn}
	return direct
}

// isSettled: there is a certificate, or there will never be one and nothing waits for it any more.
func (id *identity) isSettled() bool { return isClosed(id.certified) || isClosed(id.abandoned) }

// isReady is what /ready says: false until the first certificate, then true for ever; and true for ever as
// well when there will never be one, which is why it is no proof.
func (id *identity) isReady() bool { return id.isSettled() }

func isClosed(signal <-chan struct{}) bool {
	select {
	case <-signal:
		return true
	default:
		return false
	}
}

// clientIdentity is the first DNS or URI name of the certificate, in the order of the extension
// (machine.md §0.2).
func clientIdentity(cert *x509.Certificate) (id string, isURI bool) {
	const tagDNS, tagURI = 2, 6
	for _, extension := range cert.Extensions {
		if !extension.Id.Equal(oidSubjectAltName) {
			continue
		}
		var names []asn1.RawValue
		if _, err := asn1.Unmarshal(extension.Value, &names); err != nil {
			return "", false
		}
		for _, name := range names {
			if name.Class == asn1.ClassContextSpecific && (name.Tag == tagDNS || name.Tag == tagURI) {
				return string(name.Bytes), name.Tag == tagURI
			}
		}
	}
	return "", false
}
