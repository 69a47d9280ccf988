package usersig

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/tencentyun/tls-sig-api-v2-golang/tencentyun"
	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The worked example and the test vectors of spec 01 sections 4.8 and 4.9.
const (
	exampleKey   = "3b8f0c6d2e91a7545fd0c2b6e8a1943770de51bc92f8463ac5e07d19ab346f28"
	exampleApp   = 1400099901
	exampleUser  = "admin_root"
	exampleClock = 1760000100

	level6     = "eJwtjF0LgjAUhv-LrkOO5hwKXYQo9EEZ82o3IWzGIXRjHSSI-nvmfO-e54Hnw9qzjCbjWcGSCNhm*ajNSNjjgjs94Hj31tJqX-rZOYeaFXEKAHmeQxyMeTv0Zuac82RWgRIOfyYyCFsr*Jjj1dWL7Z7UsZTDlBE-VFKUsuFNp3p1uzT1iTBVbVkndse*P2MUMpw_"
	level0     = "eAEBrwBQ-3siVExTLnZlciI6IjIuMCIsIlRMUy5pZGVudGlmaWVyIjoiYWRtaW5fcm9vdCIsIlRMUy5zZGthcHBpZCI6MTQwMDA5OTkwMSwiVExTLmV4cGlyZSI6MTU1NTIwMDAsIlRMUy50aW1lIjoxNzYwMDAwMDAwLCJUTFMuc2lnIjoiRU9yNzNBdFpKQ1NtdjZ0NUlFUzdDU1A1UGFaZlpRTlBGS3RpNFpUQ0Yybz0ifQqVujKm"
	withBuf    = "eJw1jtsOwUAQht9lb4lsq*fExSqVKKKU5UqW3TKRHrRbaYh31wP-zWS*L5P53yhcbAdPkSMHqQOM*u0OXCQSImgx4zEkpzxN5c8W-M6yDDhyFA1jbNs2VjojqgxyUXNd19VadVRC3DDTwF06WhYiP5dR-YAQ4h-pRjKqR5fYfnJv9VImmBA6BsbDGWmyttrxrwDX*vDWW5bBEJJ4apmau9YewzCoXGkc9tHlMHct6*pPKPN21CtG6PMFvfpFIQ__"
	expired    = "eJyrVgrxCdYrSy1SslIy0jNQ0gHzM1NS80oy0zLBwokpuZl58UX5*SVQ2eKU7MSCgswUJStDEwMDA0tLSwNDiExqRUFmUaqSlbGZgQFEpCQzF8g3NDeAAqgJmelAgyN9Sor9vfJDUiLTMiLdTIO0wy0zQ9z0Q31ygwwNHMNLs4OdzIrTgqMK88ttlWoByakyrA__"
	wrongKey   = "eJyrVgrxCdYrSy1SslIy0jNQ0gHzM1NS80oy0zLBwokpuZl58UX5*SVQ2eKU7MSCgswUJStDEwMDA0tLSwNDiExqRUFmUSpQ3NTU1AgoBREtycwFiZmbGUAA1JTMdKDh5mWuyb5hqRlOEdlhKW5FAUYRQa6ZpoaVGVWhzoYVZYFOBiaJURZ*KUUhFrZKtQB4hDM8"
	otherUser  = "eJyrVgrxCdYrSy1SslIy0jNQ0gHzM1NS80oy0zLBwqXFqUXxhuZQqeKU7MSCgswUJStDEwMDA0tLSwNDiExqRUFmUSpQ3NTU1AgoBREtycwFiZmbGUAA1JTMdKDJbiHu*ckGkQWulSYufknhXuHeJpYhASF*ec5*xqH6QWYFzs5mZkU*vlXa6bZKtQBiKzCt"
	otherApp   = "eJyrVgrxCdYrSy1SslIy0jNQ0gHzM1NS80oy0zLBwokpuZl58UX5*SVQ2eKU7MSCgswUJStDEwMDA0tLSwMjiExqRUFmUSpQ3NTU1AgoBREtycwFiZmbGUAA1JTMdKDh-j7Gjq4ZxgUBRsHG2vrlVSbmbn4hlYU5hUGemcVBheFFaVHFpcH5KcbOvrZKtQBoGjN1"
	plainText  = "aGVsbG8gd29ybGQsIG5vdCB6bGli"
	zlibHello  = "eJzLSM3JyQcABiwCFQ__"
	raised     = "eJyrVgrxCdYrSy1SslIy0jNQ0gHzM1NS80oy0zLBwokpuZl58UX5*SVQ2eKU7MSCgswUJStDEwMDA0tLSwNDiExqRUFmUaqSlbGhqbEZUMoAIlySmQsUNDQ3gAKoMZnpQNMjfUqK-b3yQ1Ii0zIi3UyDtMMtM0Pc9EN9coMMDRzDS7ODncyK04KjCvPLbZVqAaC2M6U_"
	textNumber = "eJyrVgrxCdYrSy1SslIy0jNQ0gHzM1NS80oy0zLBwokpuZl58UX5*SVQ2eKU7MSCgswUoJyhiYGBgaWlpYEhVC61oiCzKBUkY2pqagSUhIqXZOaCRc3NDCAAZlZmOlDY1b-I3NixJMrLOTi3zKzE1NM12Nw5OMA0IDEqLSrQL8DNuyTTJCrE2c0o31apFgBIoDNo"
)

func TestVectors(t *testing.T) {
	for _, c := range []struct {
		name, sig, identifier string
		clock                 int64
		want                  error
	}{
		{"1 level 6", level6, exampleUser, exampleClock, nil},
		{"2 level 0", level0, exampleUser, exampleClock, nil},
		{"2 level 0 in its last second", level0, exampleUser, 1775552000, nil},
		{"2 level 0 a second later", level0, exampleUser, 1775552001, ErrExpired},
		{"3 expired", expired, exampleUser, exampleClock, ErrExpired},
		{"4 another key", wrongKey, exampleUser, exampleClock, ErrWrongKey},
		{"5 another identifier", otherUser, exampleUser, exampleClock, ErrOtherIdentifier},
		{"5 its own identifier", otherUser, "user_17", exampleClock, nil},
		{"6 another application", otherApp, exampleUser, exampleClock, ErrOtherApplication},
		{"7 base64 of plain text", plainText, exampleUser, exampleClock, ErrMalformed},
		{"8 zlib of no JSON", zlibHello, exampleUser, exampleClock, ErrMalformed},
		{"9 life span raised after signing", raised, exampleUser, exampleClock, ErrWrongKey},
		{"10 numbers as strings", textNumber, exampleUser, exampleClock, nil},
		{"11 cut stream", level6[:100], exampleUser, exampleClock, ErrMalformed},
		{"userbuf", withBuf, exampleUser, exampleClock, nil},
		{"unpadded", strings.TrimRight(level6, "_"), exampleUser, exampleClock, nil},
		{"standard alphabet", strings.NewReplacer("_", "=", "-", "/", "*", "+").Replace(level6), exampleUser, exampleClock, nil},
		{"empty", "", exampleUser, exampleClock, ErrMalformed},
		{"space in it", level6[:40] + " " + level6[40:], exampleUser, exampleClock, ErrMalformed},
		{"line end in it", level6[:40] + "\n" + level6[40:], exampleUser, exampleClock, ErrMalformed},
		{"padding in the middle", level6[:40] + "_" + level6[40:], exampleUser, exampleClock, ErrMalformed},
		{"damaged checksum", damaged(level0), exampleUser, exampleClock, ErrMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			var v Verifier
			for range 2 { // the second time with a used buffer
				_, err := v.Verify(c.sig, exampleApp, c.identifier, []string{exampleKey}, time.Unix(c.clock, 0))
				if !errors.Is(err, c.want) {
					t.Fatalf("got %v, want %v", err, c.want)
				}
			}
		})
	}
}

// damaged changes a byte of the zlib checksum.
func damaged(sig string) string {
	raw, err := decodeBase64(strings.NewReplacer("_", "=", "-", "/", "*", "+").Replace(sig))
	if err != nil {
		panic(err)
	}
	raw[len(raw)-1] ^= 1
	return base64.StdEncoding.EncodeToString(raw)
}

func TestBadStreamDoesNotSpoilTheNext(t *testing.T) {
	var v Verifier
	for _, sig := range []string{level6, plainText, level6, level6[:100], level6, zlibHello, level0} {
		_, err := v.Verify(sig, exampleApp, exampleUser, []string{exampleKey}, time.Unix(exampleClock, 0))
		if good := sig == level6 || sig == level0; good != (err == nil) {
			t.Fatalf("%.20s...: %v", sig, err)
		}
	}
}

func TestHMACOfTheWorkedExamples(t *testing.T) {
	userBuf, err := hex.DecodeString("00000a61646d696e5f726f6f745373d43d0001606269d4c600000000ff00000000")
	if err != nil {
		t.Fatal(err)
	}
	base := Document{Identifier: exampleUser, SDKAppID: exampleApp, Time: 1760000000, Expire: 15552000}
	buffered, unicode := base, base
	buffered.HasUserBuf, buffered.UserBuf = true, userBuf
	unicode.Identifier = "管理员_01"
	for want, d := range map[string]Document{
		"EOr73AtZJCSmv6t5IES7CSP5PaZfZQNPFKti4ZTCF2o=": base,
		"h+MuQ3inmE874CP4q3TQxCt6XVfcXJC88gKDWaFUWFs=": buffered,
		"zFVVZPzfLxtDUu4xwwCJVjQyTwXbwXKqrwNYjgKxNN0=": unicode,
	} {
		if got := base64.StdEncoding.EncodeToString(d.mac(exampleKey)); got != want {
			t.Errorf("%+v: got %s, want %s", d, got, want)
		}
	}
	var v Verifier
	d, err := v.Parse(withBuf)
	if err != nil || !d.HasUserBuf || !bytes.Equal(d.UserBuf, userBuf) {
		t.Errorf("parsed %+v, %v; want the userbuf of the example", d, err)
	}
}

// pack encodes a document of any JSON.
func pack(t testing.TB, document string) string {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	if _, err := w.Write([]byte(document)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer("+", "*", "/", "-", "=", "_").Replace(base64.StdEncoding.EncodeToString(b.Bytes()))
}

// signed is a document of the example's identity with the right signature.
func signed(at, expire int64) Document {
	d := Document{Identifier: exampleUser, SDKAppID: exampleApp, Time: at, Expire: expire}
	d.Sig = d.mac(exampleKey)
	return d
}

func (d Document) json() string {
	return fmt.Sprintf(`{"TLS.ver":"2.0","TLS.identifier":%q,"TLS.sdkappid":%d,"TLS.expire":%d,"TLS.time":%d,"TLS.sig":%q}`,
		d.Identifier, d.SDKAppID, d.Expire, d.Time, base64.StdEncoding.EncodeToString(d.Sig))
}

func TestDocumentRules(t *testing.T) {
	sig := base64.StdEncoding.EncodeToString(signed(1760000000, 100).Sig)
	good := signed(1760000000, 100).json()
	for _, c := range []struct {
		name, document string
		want           error
	}{
		{"as it is", good, nil},
		{"white space and a line end", strings.ReplaceAll(strings.ReplaceAll(good, `,"`, `, "`), `":`, `": `) + "\n", nil},
		{"another order", fmt.Sprintf(`{"TLS.sig":%q,"TLS.time":1760000000,"TLS.expire":100,"TLS.sdkappid":1400099901,"TLS.identifier":"admin_root"}`, sig), nil},
		{"unknown keys", strings.Replace(good, "{", `{"x":[1,{"y":null}],`, 1), nil},
		{"version is not signed", strings.Replace(good, `"2.0"`, `"9"`, 1), nil},
		{"userbuf added", strings.Replace(good, "{", `{"TLS.userbuf":"AAAA",`, 1), ErrWrongKey},
		{"empty userbuf added", strings.Replace(good, "{", `{"TLS.userbuf":"",`, 1), ErrWrongKey},
		{"time altered", strings.Replace(good, "1760000000", "1760000001", 1), ErrWrongKey},
		{"expiry comes before the signature", strings.Replace(good, "1760000000", "1700000000", 1), ErrExpired},
		{"application comes before the identifier", strings.NewReplacer("1400099901", "2", exampleUser, "x").Replace(good), ErrOtherApplication},
		{"identifier comes before expiry", strings.NewReplacer("1760000000", "1700000000", exampleUser, "x").Replace(good), ErrOtherIdentifier},
		{"key of other case", strings.Replace(good, "TLS.time", "TLS.Time", 1), ErrMalformed},
		{"no identifier", strings.Replace(good, "TLS.identifier", "x", 1), ErrMalformed},
		{"no sdkappid", strings.Replace(good, "TLS.sdkappid", "x", 1), ErrMalformed},
		{"no time", strings.Replace(good, "TLS.time", "x", 1), ErrMalformed},
		{"no expire", strings.Replace(good, "TLS.expire", "x", 1), ErrMalformed},
		{"no sig", strings.Replace(good, "TLS.sig", "x", 1), ErrMalformed},
		{"time is null", strings.Replace(good, "1760000000", "null", 1), ErrMalformed},
		{"time is a fraction", strings.Replace(good, "1760000000", "1760000000.5", 1), ErrMalformed},
		{"time is a boolean", strings.Replace(good, "1760000000", "true", 1), ErrMalformed},
		{"time is a signed text", strings.Replace(good, "1760000000", `"+1760000000"`, 1), ErrMalformed},
		{"identifier is a number", strings.Replace(good, `"admin_root"`, "7", 1), ErrMalformed},
		{"sig is a number", strings.Replace(good, `"TLS.sig":"`+sig+`"`, `"TLS.sig":7`, 1), ErrMalformed},
		{"sig is not base64", strings.Replace(good, sig, "!", 1), ErrMalformed},
		{"userbuf is not base64", strings.Replace(good, "{", `{"TLS.userbuf":"!",`, 1), ErrMalformed},
		{"array", "[" + good + "]", ErrMalformed},
		{"text after it", good + "x", ErrMalformed},
		{"invalid UTF-8", strings.Replace(good, "admin_root", "admin\xff", 1), ErrMalformed},
		{"8192 bytes", good + strings.Repeat(" ", 8192-len(good)), nil},
		{"8193 bytes", good + strings.Repeat(" ", 8193-len(good)), ErrMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			var v Verifier
			_, err := v.Verify(pack(t, c.document), exampleApp, exampleUser, []string{exampleKey}, time.Unix(1760000050, 0))
			if !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestExpiryArithmetic(t *testing.T) {
	for _, c := range []struct {
		name         string
		time, expire int64
		now          int64
		want         error
	}{
		{"0 lives in the second of signing", 100, 0, 100, nil},
		{"0 dies in the next", 100, 0, 101, ErrExpired},
		{"negative is dead from the start", 100, -1, 100, ErrExpired},
		{"signed in the future", 100, 10, 50, nil},
		{"overflow is never", math.MaxInt64 - 5, 10, math.MaxInt64, nil},
		{"negative overflow is over", math.MinInt64 + 5, -10, 0, ErrExpired},
	} {
		t.Run(c.name, func(t *testing.T) {
			var v Verifier
			_, err := v.Verify(pack(t, signed(c.time, c.expire).json()), exampleApp, exampleUser, []string{exampleKey}, time.Unix(c.now, 0))
			if !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestTooLongIsMalformed(t *testing.T) {
	var v Verifier
	document := signed(1760000000, 100).json()
	// Random text does not compress, so the length grows with it.
	long := pack(t, strings.Replace(document, "{", `{"x":"`+hex.EncodeToString(pseudoRandom(3400))+`",`, 1))
	if len(long) <= MaxLength {
		t.Fatalf("the sample has only %d characters", len(long))
	}
	if _, err := v.Parse(long); !errors.Is(err, ErrMalformed) {
		t.Fatalf("got %v, want ErrMalformed", err)
	}
	padded := level6 + strings.Repeat("_", MaxLength-len(level6))
	if _, err := v.Parse(padded); err != nil {
		t.Fatalf("%d characters: %v", len(padded), err)
	}
	if _, err := v.Parse(padded + "_"); !errors.Is(err, ErrMalformed) {
		t.Fatalf("%d characters: got %v, want ErrMalformed", len(padded)+1, err)
	}
}

func pseudoRandom(n int) []byte {
	b := make([]byte, n)
	x := uint32(1)
	for i := range b {
		x = x*1664525 + 1013904223
		b[i] = byte(x >> 24)
	}
	return b
}

func TestAnyKeyOfTheApplicationVerifies(t *testing.T) {
	var v Verifier
	now := time.Unix(exampleClock, 0)
	for _, keys := range [][]string{{exampleKey}, {"old", exampleKey}, {exampleKey, "new"}} {
		if _, err := v.Verify(level6, exampleApp, exampleUser, keys, now); err != nil {
			t.Errorf("%d keys: %v", len(keys), err)
		}
	}
	for _, keys := range [][]string{nil, {"old", "new"}} {
		if _, err := v.Verify(level6, exampleApp, exampleUser, keys, now); !errors.Is(err, ErrWrongKey) {
			t.Errorf("%d other keys: got %v, want ErrWrongKey", len(keys), err)
		}
	}
}

// Both layouts of the vendor's PrivateMapKey, with a numeric and with a text
// room, are UserSigs with a userbuf (spec 01 section 4.4). Without its line in
// the signed text none of them verifies.
func TestPrivateMapKeysVerify(t *testing.T) {
	const day = 86400
	numeric, err := tencentyun.GenPrivateMapKey(exampleApp, exampleKey, exampleUser, day, 90210, 255)
	if err != nil {
		t.Fatal(err)
	}
	text, err := tencentyun.GenPrivateMapKeyWithStringRoomID(exampleApp, exampleKey, exampleUser, day, "harbour", 255)
	if err != nil {
		t.Fatal(err)
	}
	var v Verifier
	for version, sig := range []string{numeric, text} {
		doc, err := v.Verify(sig, exampleApp, exampleUser, []string{exampleKey}, time.Now())
		if err != nil || len(doc.UserBuf) == 0 || int(doc.UserBuf[0]) != version {
			t.Fatalf("version %d: %+v, %v", version, doc, err)
		}
		doc.HasUserBuf, doc.UserBuf = false, nil
		if _, err := v.Verify(pack(t, doc.json()), exampleApp, exampleUser, []string{exampleKey}, time.Now()); !errors.Is(err, ErrWrongKey) {
			t.Errorf("version %d without its userbuf: %v", version, err)
		}
	}
}

// What is signed verifies for exactly its application, identifier and key.
func TestSignedVerifies(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		app := rapid.Uint32Min(1).Draw(t, "app")
		user := rapid.StringN(1, 32, 64).Draw(t, "user")
		key := rapid.StringN(1, 64, 200).Draw(t, "key")
		buf := rapid.SliceOfN(rapid.Byte(), 1, 64).Draw(t, "buf")
		plain, err := Sign(app, key, user, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		buffered, err := SignWithUserBuf(app, key, user, time.Hour, buf)
		if err != nil {
			t.Fatal(err)
		}
		var v Verifier
		now := time.Now()
		for _, sig := range []string{plain, buffered} {
			if _, err := v.Verify(sig, app, user, []string{key}, now); err != nil {
				t.Fatalf("own: %v", err)
			}
			if _, err := v.Verify(sig, app, user, []string{key + "x"}, now); !errors.Is(err, ErrWrongKey) {
				t.Fatalf("other key: %v", err)
			}
			if _, err := v.Verify(sig, app, user+"x", []string{key}, now); !errors.Is(err, ErrOtherIdentifier) {
				t.Fatalf("other identifier: %v", err)
			}
			if _, err := v.Verify(sig, app-1, user, []string{key}, now); !errors.Is(err, ErrOtherApplication) {
				t.Fatalf("other application: %v", err)
			}
		}
	})
}

// Whatever is sent, the verifier neither panics nor accepts what was not signed
// with the key.
func FuzzUserSigVerify(f *testing.F) {
	for _, sig := range []string{level6, level0, withBuf, expired, wrongKey, otherUser, otherApp, plainText, zlibHello, raised, textNumber, ""} {
		f.Add(sig)
	}
	f.Fuzz(func(t *testing.T, sig string) {
		var v Verifier
		now := time.Unix(exampleClock, 0)
		doc, err := v.Verify(sig, exampleApp, exampleUser, []string{exampleKey}, now)
		if err != nil {
			return
		}
		if doc.Identifier != exampleUser || doc.SDKAppID != exampleApp || doc.End() < exampleClock || !bytes.Equal(doc.Sig, doc.mac(exampleKey)) {
			t.Fatalf("accepted %+v", doc)
		}
		if _, err := v.Verify(sig, exampleApp, exampleUser, []string{exampleKey + "x"}, now); !errors.Is(err, ErrWrongKey) {
			t.Fatalf("another key gives %v", err)
		}
	})
}

// The fuzzer works on encoded documents; this one starts from their JSON, which
// mutations of the encoding hardly reach.
func FuzzUserSigDocument(f *testing.F) {
	f.Add([]byte(signed(1760000000, 100).json()))
	f.Add([]byte(`{"TLS.identifier":"a","TLS.sdkappid":"1","TLS.expire":"-1","TLS.time":"2","TLS.sig":"","TLS.userbuf":"AA=="}`))
	f.Fuzz(func(t *testing.T, document []byte) {
		doc, err := parseDocument(document)
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Fatalf("error is %v", err)
			}
			return
		}
		if !doc.HasUserBuf && doc.UserBuf != nil {
			t.Fatalf("unsigned userbuf in %+v", doc)
		}
		if alive := doc.End() >= doc.Time; alive != (doc.Expire >= 0) {
			t.Fatalf("ends at %d: %+v", doc.End(), doc)
		}
	})
}
