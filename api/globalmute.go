package api

import (
	"context"

	"github.com/recant-chat/recant/chat"
)

const configService = "openconfigsvr"

// globalMuteCommands are the commands on global mutes (spec 07 section 4).
func globalMuteCommands() []Command {
	return []Command{
		command(configService, "setnospeaking", setNoSpeaking,
			repeatable(), doc(34923), summary("Mutes an account in all groups, for one-to-one messages, or both."),
			codes(chat.CodeMuteInvalid, chat.CodeMuteAccountMissing, chat.CodeMuteAccount, chat.CodeMuteTimeMissing, chat.CodeMuteInternal)),
		command(configService, "getnospeaking", getNoSpeaking,
			repeatable(), doc(34924), summary("Tells how long an account is muted everywhere."),
			codes(chat.CodeMuteInvalid, chat.CodeMutedMissing, chat.CodeMutedAccount, chat.CodeMuteInternal)),
	}
}

type setNoSpeakingRequest struct {
	Account *string `json:"Set_Account" desc:"account that was imported" required:"true"`
	C2C     *uint32 `json:"C2CmsgNospeakingTime" desc:"seconds from now without one-to-one messages; 0: no longer muted, 4294967295: for ever, absent: as it is; one of the two times is needed"`
	Group   *uint32 `json:"GroupmsgNospeakingTime" desc:"seconds from now without messages to any group; 0: no longer muted, 4294967295: for ever, absent: as it is"`
}

func setNoSpeaking(ctx context.Context, call *Call, r *setNoSpeakingRequest) (*noResult, error) {
	if r.Account == nil {
		return nil, chat.Refuse(chat.CodeMuteAccountMissing, "Set_Account is missing")
	}
	return nil, call.App.Chat.MuteGlobally(ctx, *r.Account, chat.GlobalMute{C2C: r.C2C, Group: r.Group})
}

type getNoSpeakingRequest struct {
	Account *string `json:"Get_Account" desc:"account that was imported" required:"true"`
}

type getNoSpeakingResponse struct {
	C2C   uint32 `json:"C2CmsgNospeakingTime" desc:"seconds that the mute for one-to-one messages still lasts; 0: not muted, 4294967295: for ever"`
	Group uint32 `json:"GroupmsgNospeakingTime" desc:"seconds that the mute in all groups still lasts; 0: not muted, 4294967295: for ever"`
}

func getNoSpeaking(ctx context.Context, call *Call, r *getNoSpeakingRequest) (*getNoSpeakingResponse, error) {
	if r.Account == nil {
		return nil, chat.Refuse(chat.CodeMutedMissing, "Get_Account is missing")
	}
	mute, err := call.App.Chat.GlobalMute(ctx, *r.Account)
	if err != nil {
		return nil, err
	}
	return &getNoSpeakingResponse{C2C: *mute.C2C, Group: *mute.Group}, nil
}
