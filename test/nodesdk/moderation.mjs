// What else is done about a spammer, and with a group in general.
import assert from 'node:assert/strict';
import { accounts, groups, topics } from './client.mjs';
import { admin, chatRoom, community, liveRoom, members, owner, privateGroup, publicGroup, spammer, topic } from './people.mjs';
import { history, text } from './recall.mjs';

const forever = 4294967295;
const say = (stream, From_Account, Random) => ({ ...stream, From_Account, Random, MsgBody: text('may I?') });

async function mute() {
  const GroupId = publicGroup;
  await admin.ok(`${groups}/forbid_send_msg`, { GroupId, Members_Account: [spammer], MuteTime: forever });
  await admin.refused(10017, `${groups}/send_group_msg`, say({ GroupId }, spammer, 900001));
  const muted = await admin.ok(`${groups}/get_group_muted_account`, { GroupId });
  assert.deepEqual(muted.MutedAccountList, [{ Member_Account: spammer, MutedUntil: forever }]);
  await admin.ok(`${groups}/forbid_send_msg`, { GroupId, Members_Account: [spammer], ShutUpTime: 60 });
  const older = await admin.ok(`${groups}/get_group_shutted_uin`, { GroupId });
  assert.deepEqual(older.ShuttedUinList.map((item) => item.Member_Account), [spammer]);
  await admin.ok(`${groups}/forbid_send_msg`, { GroupId, Members_Account: [spammer], MuteTime: 0 });
  await admin.ok(`${groups}/send_group_msg`, say({ GroupId }, spammer, 900002));
}

async function muteEverybody() {
  const GroupId = chatRoom;
  await admin.ok(`${groups}/modify_group_base_info`, { GroupId, MuteAllMember: 'On', Introduction: 'quiet, please' });
  await admin.refused(10017, `${groups}/send_group_msg`, say({ GroupId }, spammer, 900003));
  await admin.ok(`${groups}/send_group_msg`, say({ GroupId }, owner, 900004));
  const { GroupInfo: [group] } = await admin.ok(`${groups}/get_group_info`, {
    GroupIdList: [GroupId], ResponseFilter: { GroupBaseInfoFilter: ['MuteAllMember', 'Introduction'] },
  });
  assert.deepEqual([group.MuteAllMember, group.Introduction], ['On', 'quiet, please']);
}

async function appointAndSucceed() {
  const GroupId = publicGroup;
  await admin.ok(`${groups}/modify_group_member_info`, { GroupId, Member_Account: members[2], Role: 'Admin', NameCard: 'Bosun' });
  await admin.ok(`${groups}/change_group_owner`, { GroupId, NewOwner_Account: members[2] });
  const page = await admin.ok(`${groups}/get_group_member_info`, { GroupId, MemberRoleFilter: ['Owner'], MemberInfoFilter: ['Role', 'NameCard'] });
  assert.deepEqual(page.MemberList.map((member) => [member.Member_Account, member.Role, member.NameCard]), [[members[2], 'Owner', 'Bosun']]);
  const tips = (await history({ GroupId }, 1)).filter((row) => row.IsSystemMsg === 1);
  for (const row of tips) {
    assert.equal(typeof row.MsgBody.OpType, 'number', 'the body of a tip is an object');
  }
  assert.equal(tips[0].MsgBody.OpType, 6, 'the newest tip tells of the new owner');
}

async function removeASpammer() {
  const GroupId = publicGroup;
  await admin.ok(`${groups}/delete_group_member`, { GroupId, MemberToDel_Account: [spammer, 'nobody'], Reason: 'spam' });
  const joined = await admin.ok(`${groups}/get_joined_group_list`, { Member_Account: spammer, WithNoActiveGroups: 1 });
  assert.deepEqual(joined.GroupIdList.map((group) => group.GroupId).sort(), [privateGroup, chatRoom].sort());
  assert.equal(joined.TotalCount, 2);
  // Recall does not ask whether the sender is still there.
  await admin.ok(`${groups}/delete_group_msg_by_sender`, { GroupId, Sender_Account: spammer });
  const shown = await history({ GroupId }, 0);
  const [newest] = await history({ GroupId }, 1);
  assert.ok(shown.every((row) => row.From_Account !== spammer || row.MsgSeq <= newest.MsgSeq - 1000));
}

async function setUnread() {
  const GroupId = publicGroup;
  await admin.ok(`${groups}/set_unread_msg_num`, { GroupId, Member_Account: members[5], UnreadMsgNum: 7 });
  const page = await admin.ok(`${groups}/get_group_member_info`, { GroupId, Limit: 100 });
  const member = page.MemberList.find((item) => item.Member_Account === members[5]);
  const [newest] = await history({ GroupId }, 1);
  assert.equal(member.MsgSeq, newest.MsgSeq - 7);
}

async function changeTopics() {
  await admin.ok(`${topics}/modify_topic`, { GroupId: community, TopicId: topic, Notification: 'race on Sunday', MuteAllMember: 'On' });
  await admin.refused(10017, `${groups}/send_group_msg`, say({ GroupId: community, TopicId: topic }, members[7], 900005));
  await admin.refused(10007, `${groups}/send_group_msg`, say({ GroupId: community }, members[7], 900006));
  const destroyed = await admin.ok(`${topics}/destroy_topic`, { GroupId: community, TopicIdList: [topic, `${topic}-gone`] });
  assert.deepEqual(destroyed.DestroyResultItem.map((item) => [item.TopicId, item.ErrorCode]), [[topic, 0], [`${topic}-gone`, 110003]]);
  await admin.refused(10010, `${groups}/group_msg_get_simple`, { GroupId: community, TopicId: topic, ReqMsgNumber: 20 });
}

async function deleteAnAccount() {
  const deleted = await admin.ok(`${accounts}/account_delete`, { DeleteItem: [{ UserID: spammer }, { UserID: 'nobody' }] });
  assert.deepEqual(deleted.ResultItem.map((item) => [item.UserID, item.ResultCode]), [[spammer, 0], ['nobody', 70107]]);
  const roles = await admin.ok(`${groups}/get_role_in_group`, { GroupId: privateGroup, User_Account: [spammer] });
  assert.equal(roles.UserIdList[0].Role, 'NotMember');
}

async function destroyGroups() {
  await admin.ok(`${groups}/destroy_group`, { GroupId: liveRoom });
  await admin.refused(10010, `${groups}/destroy_group`, { GroupId: liveRoom });
}

export const moderation = [
  mute, muteEverybody, appointAndSucceed, removeASpammer, setUnread, changeTopics, deleteAnAccount, destroyGroups,
];
