package client

import (
	"context"
	"iter"
	"strings"
)

// The iterators go through all pages of a command. They make the calls as they
// come to them, so breaking off early saves the rest. An error ends them; it comes with
// a zero element, once. A request may be used again.

// paged goes through the pages of a command, beginning with a request. next
// returns the elements of an answer and makes the request the one for the next
// page; more is false where there is none.
func paged[Q, A, T any](ctx context.Context, first Q, call func(context.Context, *Q) (*A, error), next func(*Q, *A) (page []T, more bool)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		request := first
		for more := true; more; {
			answer, err := call(ctx, &request)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			var page []T
			page, more = next(&request, answer)
			for _, element := range page {
				if !yield(element, nil) {
					return
				}
			}
		}
	}
}

// orDefault is a size of page that is asked for, or the given one.
func orDefault[N int | int64](asked *N, size N) *N {
	if asked == nil || *asked <= 0 {
		return &size
	}
	return asked
}

// maxHistoryPage is how many rows group_msg_get_simple answers at most.
const maxHistoryPage = 20

// History goes through the history of a group or topic, newest first, from
// ReqMsgSeq down. Recalled messages are in it where the request has
// WithRecalledMsg. What is sent meanwhile is not.
func (c *Client) History(ctx context.Context, r *GroupMsgGetSimpleRequest) iter.Seq2[HistoryRow, error] {
	q := valueOf(r)
	if q.ReqMsgNumber <= 0 {
		q.ReqMsgNumber = maxHistoryPage
	}
	return paged(ctx, q, c.GroupMsgGetSimple, func(q *GroupMsgGetSimpleRequest, a *GroupMsgGetSimpleResponse) ([]HistoryRow, bool) {
		const expired = 2 // IsFinished: nothing further down is left
		rows := a.RspMsgList
		whole := a.IsFinished == 1 && int64(len(rows)) < q.ReqMsgNumber // number 1 was reached
		if len(rows) == 0 || whole || a.IsFinished == expired {
			return rows, false
		}
		below := rows[len(rows)-1].MsgSeq - 1
		q.ReqMsgSeq = &below
		return rows, below > 0
	})
}

// Groups goes through the ids of all groups, or of all of one type.
func (c *Client) Groups(ctx context.Context, r *GetAppIDGroupListRequest) iter.Seq2[string, error] {
	q := valueOf(r)
	q.Limit = orDefault(q.Limit, 1000)
	return paged(ctx, q, c.GetAppIDGroupList, func(q *GetAppIDGroupListRequest, a *GetAppIDGroupListResponse) (ids []string, more bool) {
		for _, g := range a.GroupIDList {
			ids = append(ids, g.GroupID)
		}
		q.Next = &a.Next
		return ids, a.Next != 0
	})
}

// JoinedGroups goes through the groups of an account. The pages are counted
// from the start: leaving a group meanwhile can make it miss another.
func (c *Client) JoinedGroups(ctx context.Context, r *GetJoinedGroupListRequest) iter.Seq2[JoinedGroup, error] {
	q := valueOf(r)
	q.Limit = orDefault(q.Limit, 500)
	return paged(ctx, q, c.GetJoinedGroupList, func(q *GetJoinedGroupListRequest, a *GetJoinedGroupListResponse) ([]JoinedGroup, bool) {
		offset := valueOf(q.Offset) + int64(len(a.GroupIDList))
		q.Offset = &offset
		return a.GroupIDList, len(a.GroupIDList) > 0 && offset < int64(a.TotalCount)
	})
}

// communityPrefix begins the id of every Community, and of no other group.
const communityPrefix = "@TGS#_"

// Members goes through the members of a group of any type but AVChatRoom. In all but a
// Community the pages are counted from the start: a member who leaves
// meanwhile can make it miss another.
func (c *Client) Members(ctx context.Context, r *GetGroupMemberInfoRequest) iter.Seq2[MemberInfoItem, error] {
	q := valueOf(r)
	q.Limit = orDefault(q.Limit, 200)
	community := strings.HasPrefix(q.GroupID, communityPrefix)
	if community && q.Next == nil {
		q.Next = new("")
	}
	return paged(ctx, q, c.GetGroupMemberInfo, func(q *GetGroupMemberInfoRequest, a *GetGroupMemberInfoResponse) ([]MemberInfoItem, bool) {
		if community {
			q.Next = &a.Next
			return a.MemberList, a.Next != ""
		}
		offset := valueOf(q.Offset) + int64(len(a.MemberList))
		q.Offset = &offset
		return a.MemberList, int64(len(a.MemberList)) == *q.Limit && offset < int64(a.MemberNum)
	})
}

// RoomMembers goes through those who are in an AVChatRoom, those who entered last
// first, or those who carry a mark.
func (c *Client) RoomMembers(ctx context.Context, r *GetRoomMembersRequest) iter.Seq2[RoomMember, error] {
	return paged(ctx, valueOf(r), c.GetRoomMembers, func(q *GetRoomMembersRequest, a *GetRoomMembersResponse) ([]RoomMember, bool) {
		q.Timestamp = uint32(a.NextTimestamp)
		return a.MemberList, a.NextTimestamp != 0
	})
}

// Bans goes through the bans that run in a group, those of the longest standing
// first. One that ends meanwhile can make it miss another.
func (c *Client) Bans(ctx context.Context, r *GetGroupBanMemberRequest) iter.Seq2[BannedAccount, error] {
	q := valueOf(r)
	q.Limit, q.Offset = orDefault(q.Limit, 100), new(valueOf(q.Offset)) // the hosted service wants it given
	return paged(ctx, q, c.GetGroupBanMember, func(q *GetGroupBanMemberRequest, a *GetGroupBanMemberResponse) ([]BannedAccount, bool) {
		q.Offset = &a.NextOffset
		return a.BannedAccountList, a.NextOffset != 0
	})
}

// PermissionGroups goes through the permission groups of a community.
func (c *Client) PermissionGroups(ctx context.Context, r *GetPermissionGroupRequest) iter.Seq2[PermissionGroupItem, error] {
	return paged(ctx, valueOf(r), c.GetPermissionGroup, func(q *GetPermissionGroupRequest, a *GetPermissionGroupResponse) ([]PermissionGroupItem, bool) {
		q.Next = &a.Next
		return a.PermissionGroupInfoList, a.Next != ""
	})
}

// PermissionGroupMembers goes through the members of a permission group.
func (c *Client) PermissionGroupMembers(ctx context.Context, r *GetPermissionGroupMemberListRequest) iter.Seq2[PermissionMember, error] {
	return paged(ctx, valueOf(r), c.GetPermissionGroupMemberList, func(q *GetPermissionGroupMemberListRequest, a *GetPermissionGroupMemberListResponse) ([]PermissionMember, bool) {
		q.Next = &a.Next
		return a.MemberList, a.Next != ""
	})
}

// Receipts goes through the accounts that have read a message (Filter 0), or
// that have not (Filter 1).
func (c *Client) Receipts(ctx context.Context, r *GetGroupMsgReceiptDetailRequest) iter.Seq2[string, error] {
	q := valueOf(r)
	q.Count = *orDefault(&q.Count, 100)
	return paged(ctx, q, c.GetGroupMsgReceiptDetail, func(q *GetGroupMsgReceiptDetailRequest, a *GetGroupMsgReceiptDetailResponse) (accounts []string, more bool) {
		for _, read := range a.ReadList {
			accounts = append(accounts, read.ReadAccount)
		}
		for _, unread := range a.UnreadList {
			accounts = append(accounts, unread.UnreadAccount)
		}
		q.Cursor = a.Cursor
		return accounts, a.IsFinished == 0 && a.IsFinish == 0
	})
}

// Extensions goes through the extensions of a message, in the order in which they were set.
func (c *Client) Extensions(ctx context.Context, r *GroupGetKeyValuesRequest) iter.Seq2[Extension, error] {
	return paged(ctx, valueOf(r), c.GroupGetKeyValues, func(q *GroupGetKeyValuesRequest, a *GroupGetKeyValuesResponse) ([]Extension, bool) {
		start := valueOf(q.StartSeq)
		for _, pair := range a.ExtensionList {
			start = max(start, pair.Seq+1) // a page has all pairs of one Seq
		}
		q.StartSeq = &start
		return a.ExtensionList, a.CompleteFlag == 0 && len(a.ExtensionList) > 0
	})
}

// Contacts goes through the conversations of an account, the newest first.
func (c *Client) Contacts(ctx context.Context, r *GetContactListRequest) iter.Seq2[Contact, error] {
	q := valueOf(r)
	q.TimeStamp, q.StartIndex = new(valueOf(q.TimeStamp)), new(valueOf(q.StartIndex)) // the hosted service wants them given
	q.TopTimeStamp, q.TopStartIndex = new(valueOf(q.TopTimeStamp)), new(valueOf(q.TopStartIndex))
	q.AssistFlags = new(valueOf(q.AssistFlags))
	return paged(ctx, q, c.GetContactList, func(q *GetContactListRequest, a *GetContactListResponse) ([]Contact, bool) {
		q.TimeStamp, q.StartIndex = new(uint32(a.TimeStamp)), &a.StartIndex
		q.TopTimeStamp, q.TopStartIndex = &a.TopTimeStamp, &a.TopStartIndex
		return a.SessionItem, a.CompleteFlag == 0
	})
}

// Operations goes through the audit record of recalls, newest first.
func (c *Client) Operations(ctx context.Context, r *ListRecallOperationsRequest) iter.Seq2[AuditItem, error] {
	q := valueOf(r)
	q.Limit = orDefault(q.Limit, 100)
	return paged(ctx, q, c.ListRecallOperations, func(q *ListRecallOperationsRequest, a *ListRecallOperationsResponse) ([]AuditItem, bool) {
		q.Next = &a.Next
		return a.Operations, a.Next != ""
	})
}

// FoundGroups goes through the groups that are searched for, the newest first.
func (c *Client) FoundGroups(ctx context.Context, r *SearchGroupsRequest) iter.Seq2[FoundGroup, error] {
	return paged(ctx, valueOf(r), c.SearchGroups, func(q *SearchGroupsRequest, a *SearchGroupsResponse) ([]FoundGroup, bool) {
		q.Next = &a.Next
		return a.Groups, a.Next != ""
	})
}

// Timeline goes through the messages of a group or topic as moderators see
// them, newest first, from FromSeq down or from where a page around AtTime begins.
func (c *Client) Timeline(ctx context.Context, r *GetTimelineRequest) iter.Seq2[TimelineRow, error] {
	q := valueOf(r)
	q.Limit = orDefault(q.Limit, 200)
	return paged(ctx, q, c.GetTimeline, func(q *GetTimelineRequest, a *GetTimelineResponse) ([]TimelineRow, bool) {
		q.FromSeq, q.AtTime = &a.NextFromSeq, nil
		return a.Messages, a.NextFromSeq != 0
	})
}

// RecallFeed goes through what was recalled, restored and erased in a group or
// topic after number Since, in order, and ends at the newest. To follow the feed, go on
// later with the Num of the last event as Since.
func (c *Client) RecallFeed(ctx context.Context, r *GetRecallFeedRequest) iter.Seq2[FeedEvent, error] {
	q := valueOf(r)
	q.Limit = orDefault(q.Limit, 500)
	return paged(ctx, q, c.GetRecallFeed, func(q *GetRecallFeedRequest, a *GetRecallFeedResponse) ([]FeedEvent, bool) {
		q.Since = &a.Next
		return a.Events, len(a.Events) > 0
	})
}

// EvidencePages goes through the original messages of an operation, page by
// page: the last has the ChainHash.
func (c *Client) EvidencePages(ctx context.Context, r *ExportRecallEvidenceRequest) iter.Seq2[*ExportRecallEvidenceResponse, error] {
	return paged(ctx, valueOf(r), c.ExportRecallEvidence, func(q *ExportRecallEvidenceRequest, a *ExportRecallEvidenceResponse) ([]*ExportRecallEvidenceResponse, bool) {
		q.Next = &a.Next
		return []*ExportRecallEvidenceResponse{a}, a.Next != ""
	})
}

// Webhooks goes through the webhooks that are made from now on, or after number
// After, and waits for more until the context ends.
func (c *Client) Webhooks(ctx context.Context, r *WatchWebhookRequest) iter.Seq2[WatchedWebhook, error] {
	q := valueOf(r)
	if q.WaitSeconds == nil {
		q.WaitSeconds = new(2)
	}
	return paged(ctx, q, c.WatchWebhook, func(q *WatchWebhookRequest, a *WatchWebhookResponse) ([]WatchedWebhook, bool) {
		q.After = &a.Next
		return a.Webhooks, true
	})
}

// Replays sends webhooks about past events again, as many calls as that takes.
// It gives each call's answer, with whose Next an interrupted replay goes on.
func (c *Client) Replays(ctx context.Context, r *ReplayWebhookRequest) iter.Seq2[*ReplayWebhookResponse, error] {
	return paged(ctx, valueOf(r), c.ReplayWebhook, func(q *ReplayWebhookRequest, a *ReplayWebhookResponse) ([]*ReplayWebhookResponse, bool) {
		q.Next = &a.Next
		return []*ReplayWebhookResponse{a}, a.Next != ""
	})
}
