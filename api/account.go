package api

import (
	"context"

	"github.com/recant-chat/recant/chat"
)

const accountService = "im_open_login_svc"

// accountCommands are the commands on accounts (spec 07 section 1).
func accountCommands() []Command {
	return []Command{
		command(accountService, "account_import", accountImport,
			repeatable(), doc(34953), summary("Imports one account or changes its nickname and avatar."),
			codes(chat.CodeAccountQuota, chat.CodeAccountInvalid, chat.CodeAccountInternal)),
		command(accountService, "multiaccount_import", multiaccountImport,
			repeatable(), doc(34954), summary("Imports up to 100 accounts."), frequency(FrequencyAccountBatch),
			codes(chat.CodeAccountQuota, chat.CodeAccountInvalid, chat.CodeAccountInternal)),
		command(accountService, "account_check", accountCheck,
			repeatable(), doc(34956), summary("Tells which of up to 100 accounts were imported."), frequency(FrequencyAccountBatch),
			codes(chat.CodeAccountInvalid, chat.CodeAccountInternal)),
		command(accountService, "account_delete", accountDelete,
			doc(34955), summary("Deletes up to 100 accounts for good and takes them out of their groups."), frequency(FrequencyAccountBatch),
			codes(chat.CodeAccountNotImported, chat.CodeAccountInvalid, chat.CodeAccountInternal, chat.CodeAccountDeletionOff)),
		command(accountService, "kick", kick,
			repeatable(), doc(34957), summary("Voids the UserSigs that an account has."),
			codes(chat.CodeAccountNotImported, chat.CodeAccountInvalid, chat.CodeAccountInternal)),
	}
}

type accountImportRequest struct {
	accountProfile
}

type accountProfile struct {
	UserID  *string `json:"UserID" older:"Identifier" desc:"account, 1 to 32 bytes of printable ASCII without blanks at the ends; @TLS#, @RBT#, @TOA#_ and @TIM# at the beginning are reserved" required:"true"`
	Nick    *string `json:"Nick" desc:"nickname, at most 500 bytes; absent or empty: stays as it is"`
	FaceURL *string `json:"FaceUrl" desc:"URL of the avatar, at most 500 bytes; absent or empty: stays as it is"`
}

func (p accountProfile) profile() chat.AccountProfile {
	return chat.AccountProfile{UserID: value(p.UserID), Nick: value(p.Nick), FaceURL: value(p.FaceURL)}
}

func accountImport(ctx context.Context, call *Call, r *accountImportRequest) (*noResult, error) {
	return nil, call.App.Chat.ImportAccount(ctx, r.profile())
}

type multiaccountImportRequest struct {
	List     []accountProfile `json:"AccountList" desc:"1 to 100 accounts"`
	Accounts []string         `json:"Accounts" desc:"older form: 1 to 100 UserIDs; counts where AccountList is absent"`
}

type multiaccountImportResponse struct {
	Failed []string `json:"FailAccounts" desc:"accounts that could not be imported: ill-formed, or more than max_accounts"`
}

func multiaccountImport(ctx context.Context, call *Call, r *multiaccountImportRequest) (*multiaccountImportResponse, error) {
	var profiles []chat.AccountProfile
	for _, p := range r.List {
		profiles = append(profiles, p.profile())
	}
	if r.List == nil {
		for _, userID := range r.Accounts {
			profiles = append(profiles, chat.AccountProfile{UserID: userID})
		}
	}
	failed, err := call.App.Chat.ImportAccounts(ctx, profiles)
	if err != nil {
		return nil, err
	}
	return &multiaccountImportResponse{Failed: failed}, nil
}

type accountItem struct {
	UserID *string `json:"UserID" desc:"account" required:"true"`
}

func userIDs(items []accountItem) []string {
	ids := make([]string, len(items))
	for i, item := range items {
		ids[i] = value(item.UserID)
	}
	return ids
}

// itemResult is what became of one item; "" and 0 is success.
func itemResult(err error) (code int, info string) {
	refused, ok := err.(*chat.Error)
	if !ok {
		return 0, ""
	}
	return int(refused.Code), refused.Message
}

type accountCheckRequest struct {
	Items []accountItem `json:"CheckItem" desc:"1 to 100 accounts" required:"true"`
}

type accountCheckResponse struct {
	Results []accountCheckResult `json:"ResultItem" desc:"one result per account, in order"`
}

type accountCheckResult struct {
	UserID string `json:"UserID" desc:"account"`
	Code   int    `json:"ResultCode" desc:"0, also for an account that was not imported; 70402 for an ill-formed UserID"`
	Info   string `json:"ResultInfo" desc:"why ResultCode is not 0, else empty"`
	Status string `json:"AccountStatus" desc:"whether the account was imported; an administrator always was" values:"Imported,NotImported"`
}

func accountCheck(ctx context.Context, call *Call, r *accountCheckRequest) (*accountCheckResponse, error) {
	statuses, err := call.App.Chat.CheckAccounts(ctx, userIDs(r.Items))
	if err != nil {
		return nil, err
	}
	answer := &accountCheckResponse{Results: make([]accountCheckResult, len(statuses))}
	for i, status := range statuses {
		code, info := itemResult(status.Err)
		answer.Results[i] = accountCheckResult{UserID: status.UserID, Code: code, Info: info, Status: "NotImported"}
		if status.Imported {
			answer.Results[i].Status = "Imported"
		}
	}
	return answer, nil
}

type accountDeleteRequest struct {
	Items []accountItem `json:"DeleteItem" desc:"1 to 100 accounts" required:"true"`
}

type accountDeleteResponse struct {
	Results []accountDeleteResult `json:"ResultItem" desc:"one result per account, in order"`
}

type accountDeleteResult struct {
	Code   int    `json:"ResultCode" desc:"0 where the account was deleted; 70107 where it was never imported, 70402 for an ill-formed UserID or an administrator"`
	Info   string `json:"ResultInfo" desc:"why ResultCode is not 0, else empty"`
	UserID string `json:"UserID" desc:"account"`
}

func accountDelete(ctx context.Context, call *Call, r *accountDeleteRequest) (*accountDeleteResponse, error) {
	deletions, err := call.App.Chat.DeleteAccounts(ctx, userIDs(r.Items))
	if err != nil {
		return nil, err
	}
	answer := &accountDeleteResponse{Results: make([]accountDeleteResult, len(deletions))}
	for i, deletion := range deletions {
		code, info := itemResult(deletion.Err)
		answer.Results[i] = accountDeleteResult{Code: code, Info: info, UserID: deletion.UserID}
	}
	return answer, nil
}

type kickRequest struct {
	UserID *string `json:"UserID" older:"Identifier" desc:"account whose UserSigs that were signed before this second become void" required:"true"`
}

func kick(ctx context.Context, call *Call, r *kickRequest) (*noResult, error) {
	return nil, call.App.Chat.Kick(ctx, value(r.UserID))
}
