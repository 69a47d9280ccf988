// What the page asks of the server, in its own words.
import { CallError } from "/shared/session.js";
import { ended } from "/shared/signin.js";

const groups = "group_open_http_svc";
const recalls = "recall_http_svc";
const moderation = "moderation_http_svc";

export class Api {
  #session;
  #end;

  // end is told of the error with which the session ended.
  constructor(session, end) {
    this.#session = session;
    this.#end = end;
  }

  get account() {
    return this.#session.identifier;
  }

  async #call(service, command, request, signal) {
    try {
      return await this.#session.call(service, command, request, signal);
    } catch (error) {
      if (error instanceof CallError && ended(error.code)) this.#end(error);
      throw error;
    }
  }

  searchGroups(request, signal) {
    return this.#call(moderation, "search_groups", request, signal);
  }

  // timeline reads limit numbers of a place's conversation, down from one; 0 is
  // the newest.
  timeline(place, fromSeq, limit, signal) {
    return this.#call(moderation, "get_timeline", { ...place, FromSeq: fromSeq || undefined, Limit: limit }, signal);
  }

  // seqAt is the number of the first message that was sent at a time or later, else
  // of the newest.
  async seqAt(place, time, signal) {
    return (await this.#call(moderation, "get_timeline", { ...place, AtTime: time, Limit: 1 }, signal)).AtSeq;
  }

  async group(id, signal) {
    const request = { GroupIdList: [id], ResponseFilter: { GroupBaseInfoFilter: ["Type", "Name", "MemberNum", "SupportTopic"] } };
    const [info] = (await this.#call(groups, "get_group_info", request, signal)).GroupInfo;
    if (info.ErrorCode) throw new CallError("get_group_info", info.ErrorCode, info.ErrorInfo);
    return info;
  }

  async topics(groupId, signal) {
    const request = { GroupId: groupId, From_Account: this.account };
    return (await this.#call("million_group_open_http_svc", "get_topic", request, signal)).TopicAndSelfInfo
      .filter((item) => !item.ErrorCode).map((item) => item.TopicInfo);
  }

  preview(target, scope, signal) {
    return this.#call(recalls, "preview_recall", { Targets: [target], Scope: scope }, signal);
  }

  recall(request) {
    return this.#call(recalls, "recall_by_sender", request);
  }

  restore(request) {
    return this.#call(recalls, "restore_recall", request);
  }

  operation(id, signal) {
    return this.#call(recalls, "get_recall_operation", { OperationId: id }, signal);
  }

  operations(filter, signal) {
    return this.#call(recalls, "list_recall_operations", filter, signal);
  }

  members(request, signal) {
    return this.#call(groups, "get_group_member_info", request, signal);
  }

  roomMembers(groupId, before, signal) {
    return this.#call("group_open_avchatroom_http_svc", "get_members", { GroupId: groupId, Timestamp: before }, signal);
  }

  namedMembers(groupId, accounts, signal) {
    return this.#call(groups, "get_specified_group_member_info", { GroupId: groupId, Member_List_Account: accounts }, signal);
  }

  // muted maps the accounts that are muted in a place to when that ends.
  async muted(place, signal) {
    const list = (await this.#call(groups, "get_group_muted_account", place, signal)).MutedAccountList;
    return new Map(list.map((m) => [m.Member_Account, m.MutedUntil]));
  }

  // mute mutes an account for so many seconds; 0 ends its mute.
  mute(place, account, seconds) {
    return this.#call(groups, "forbid_send_msg", { ...place, Members_Account: [account], MuteTime: seconds });
  }

  remove(groupId, account) {
    return this.#call(groups, "delete_group_member", { GroupId: groupId, MemberToDel_Account: [account] });
  }
}
