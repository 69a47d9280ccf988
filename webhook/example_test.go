package webhook_test

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"time"

	"github.com/recant-chat/recant/chat"
	"github.com/recant-chat/recant/internal/secret"
	"github.com/recant-chat/recant/webhook"
)

// backend is an application's: it refuses groups whose name is "spam".
type backend struct {
	sdkAppID string
	token    string
}

func (b backend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !b.genuine(r) {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	var event struct {
		CallbackCommand string
		Name            string
	}
	answer := map[string]any{"ActionStatus": "OK", "ErrorInfo": "", "ErrorCode": 0}
	if json.NewDecoder(r.Body).Decode(&event) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if event.CallbackCommand == "Group.CallbackBeforeCreateGroup" && event.Name == "spam" {
		answer["ErrorCode"], answer["ErrorInfo"] = 10100, "no such names"
	}
	json.NewEncoder(w).Encode(answer)
}

// genuine checks for whom a call is, how old it is, and who signed it.
func (b backend) genuine(r *http.Request) bool {
	query := r.URL.Query()
	seconds, err := strconv.ParseInt(query.Get("RequestTime"), 10, 64)
	if err != nil || query.Get("SdkAppid") != b.sdkAppID || time.Since(time.Unix(seconds, 0)).Abs() > time.Minute {
		return false
	}
	sum := sha256.Sum256([]byte(b.token + query.Get("RequestTime")))
	want := hex.EncodeToString(sum[:])
	return subtle.ConstantTimeCompare([]byte(query.Get("Sign")), []byte(want)) == 1
}

// A backend that checks signatures, asked before two groups are created.
func Example() {
	server := httptest.NewServer(backend{sdkAppID: "1400000001", token: "xxxxyyyy"})
	defer server.Close()

	for _, token := range []string{"xxxxyyyy", "guessed"} {
		settings := webhook.DefaultSettings()
		settings.URL = server.URL + "/imhook"
		settings.Token = secret.Text(token)
		receiver, err := webhook.New(settings, webhook.Options{SDKAppID: 1400000001})
		if err != nil {
			fmt.Println(err)
			return
		}
		for _, name := range []string{"tea", "spam"} {
			answer, err := receiver.Ask(context.Background(), chat.Callback{
				Command: "Group.CallbackBeforeCreateGroup", ClientIP: "203.0.113.7", Platform: "RESTAPI",
				RequestID: "0d0f6c1e-2f0b-4b57-9a55-1c9f0c3f8f10",
				Body:      []byte(`{"CallbackCommand":"Group.CallbackBeforeCreateGroup","Type":"Public","Name":"` + name + `"}`),
			})
			if err != nil {
				fmt.Println(name, "failed:", err)
				continue
			}
			fmt.Printf("%s %d %q\n", name, answer.Code, answer.Info)
		}
		receiver.Close()
	}
	// Output:
	// tea 0 ""
	// spam 10100 "no such names"
	// tea failed: status 403: chat: the receiver answered, but not with 200
	// spam failed: status 403: chat: the receiver answered, but not with 200
}
