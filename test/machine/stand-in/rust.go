package main

import (
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"
)

// Values as Rust prints them, so that what people search logs for is found in the stand-in's too.

// rustDuration prints a duration as Rust's Debug does: 120s, 1.5s, 250ms.
func rustDuration(d time.Duration) string {
	if d >= time.Second || d == 0 {
		return trimZeros(fmt.Sprintf("%.9f", d.Seconds())) + "s"
	}
	return trimZeros(fmt.Sprintf("%.6f", float64(d)/float64(time.Millisecond))) + "ms"
}

func trimZeros(number string) string {
	return strings.TrimSuffix(strings.TrimRight(number, "0"), ".")
}

// rustError prints an OS error as Rust's Display does: Connection refused (os error 111).
func rustError(err error) string {
	var number syscall.Errno
	if !errors.As(err, &number) {
		return err.Error()
	}
	return fmt.Sprintf("%s (os error %d)", errnoMessage(number), number)
}

// rustDebugError prints an OS error as Rust's Debug does.
func rustDebugError(err error) string {
	var number syscall.Errno
	if !errors.As(err, &number) {
		return err.Error()
	}
	kind, known := map[syscall.Errno]string{
		syscall.ENOENT: "NotFound", syscall.ECONNREFUSED: "ConnectionRefused", syscall.EACCES: "PermissionDenied",
		syscall.ENOTDIR: "NotADirectory", syscall.EADDRINUSE: "AddrInUse", syscall.EADDRNOTAVAIL: "AddrNotAvailable",
	}[number]
	if !known {
		kind = "Uncategorized"
	}
	return fmt.Sprintf("Os { code: %d, kind: %s, message: %q }", number, kind, errnoMessage(number))
}

// rustVerifyError prints why a certificate is refused as webpki does, where its word is known.
func rustVerifyError(err error) string {
	var unknown x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &unknown):
		return "UnknownIssuer"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "Expired"
	}
	return err.Error()
}

func errnoMessage(number syscall.Errno) string {
	text := number.Error()
	return strings.ToUpper(text[:1]) + text[1:]
}
