// Accounts, groups of every type, and their members.
import assert from 'node:assert/strict';
import { accounts, connect, groups, topics } from './client.mjs';

export const admin = connect('administrator');
export const members = Array.from({ length: 60 }, (_, i) => `member-${i}`);
export const owner = members[0];
export const spammer = 'spammer';

export const publicGroup = 'harbour-crew';
export const privateGroup = 'galley';
export const chatRoom = 'ferry-talk';
export const liveRoom = 'regatta-live';
export const community = '@TGS#_sailing';
export const topic = `${community}@TOPIC#_harbour`;

async function importAccounts() {
  assert.deepEqual(await admin.ok(`${accounts}/multiaccount_import`, { Accounts: members }), {
    ActionStatus: 'OK', ErrorCode: 0, ErrorInfo: '', FailAccounts: [],
  });
  // The older field name is the one in the SDK's own example.
  await admin.ok(`${accounts}/account_import`, { Identifier: spammer, Nick: 'Cheap Watches', FaceUrl: '' });
  const checked = await admin.ok(`${accounts}/account_check`, { CheckItem: [{ UserID: spammer }, { UserID: 'nobody' }] });
  assert.deepEqual(checked.ResultItem.map((item) => [item.UserID, item.ResultCode, item.AccountStatus]), [
    [spammer, 0, 'Imported'], ['nobody', 0, 'NotImported'],
  ]);
}

async function refuseStrangers() {
  await connect(owner).refused(60010, `${accounts}/account_check`, { CheckItem: [{ UserID: owner }] });
  await admin.refused(10003, `${groups}/no_such_command`, {});
}

async function createGroupsOfEveryType() {
  for (const [GroupId, Type, more] of [
    [publicGroup, 'Public', { Owner_Account: owner, MemberList: [{ Member_Account: members[1], Role: 'Admin' }] }],
    [privateGroup, 'Private', { Owner_Account: owner }],
    [chatRoom, 'ChatRoom', { Owner_Account: owner }],
    [liveRoom, 'AVChatRoom', { Owner_Account: owner }],
    [community, 'Community', { Owner_Account: owner, SupportTopic: 1 }],
  ]) {
    const created = await admin.ok(`${groups}/create_group`, { GroupId, Type, Name: `The ${Type}`, ...more });
    assert.deepEqual([created.GroupId, created.Type], [GroupId, Type]);
  }
  await admin.refused(10021, `${groups}/create_group`, { GroupId: publicGroup, Type: 'Public', Name: 'again' });
  const { TopicId } = await admin.ok(`${topics}/create_topic`, { GroupId: community, TopicId: topic, TopicName: 'Harbour' });
  assert.equal(TopicId, topic);
  const all = await admin.ok(`${groups}/get_appid_group_list`, { Limit: 100, Next: 0 });
  assert.deepEqual(all.GroupIdList.map((group) => group.GroupId), [publicGroup, privateGroup, chatRoom, liveRoom, community]);
}

async function addMembers() {
  const list = [...members.slice(2), spammer].map((account) => ({ Member_Account: account }));
  const added = await admin.ok(`${groups}/add_group_member`, { GroupId: publicGroup, MemberList: list });
  assert.deepEqual(added.MemberList, list.map((member) => ({ ...member, Result: 1 })));
  for (const GroupId of [privateGroup, chatRoom, community]) {
    await admin.ok(`${groups}/add_group_member`, { GroupId, Silence: 1, MemberList: list });
  }
  await admin.refused(10007, `${groups}/add_group_member`, { GroupId: liveRoom, MemberList: list });
  await admin.refused(10019, `${groups}/add_group_member`, { GroupId: publicGroup, MemberList: [{ Member_Account: 'nobody' }] });

  const page = await admin.ok(`${groups}/get_group_member_info`, { GroupId: publicGroup, Limit: 10, Offset: 0 });
  assert.equal(page.MemberNum, members.length + 1);
  assert.deepEqual(page.MemberList.slice(0, 2).map((member) => [member.Member_Account, member.Role]), [
    [owner, 'Owner'], [members[1], 'Admin'],
  ]);
  const roles = await admin.ok(`${groups}/get_role_in_group`, { GroupId: publicGroup, User_Account: [owner, spammer, 'nobody'] });
  assert.deepEqual(roles.UserIdList.map((user) => user.Role), ['Owner', 'Member', 'NotMember']);
}

export const people = [importAccounts, refuseStrangers, createGroupsOfEveryType, addMembers];
