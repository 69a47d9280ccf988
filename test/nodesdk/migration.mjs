// A group that had a life elsewhere.
import assert from 'node:assert/strict';
import { groups } from './client.mjs';
import { admin, members } from './people.mjs';
import { history, text } from './recall.mjs';

const since = 1577836800;

async function importAGroup() {
  const GroupId = 'old-crew';
  const created = await admin.ok(`${groups}/import_group`, {
    GroupId, Type: 'Public', Name: 'Old crew', Owner_Account: members[0], CreateTime: since,
  });
  assert.equal(created.GroupId, GroupId);
  for (let batch = 0; batch < 10; batch++) {
    const MsgList = Array.from({ length: 7 }, (_, i) => ({
      From_Account: members[i], SendTime: since + batch * 100 + i, Random: batch * 7 + i, MsgBody: text(`old message ${batch * 7 + i + 1}`),
    }));
    for (const attempt of ['first', 'again']) {
      const { ImportMsgResult } = await admin.ok(`${groups}/import_group_msg`, { GroupId, MsgList });
      assert.deepEqual(ImportMsgResult, MsgList.map((message, i) => ({
        MsgSeq: batch * 7 + i + 1, MsgTime: message.SendTime, Result: 0,
      })), attempt);
    }
  }
  const imported = await admin.ok(`${groups}/import_group_member`, {
    GroupId, MemberList: [{ Member_Account: members[1], Role: 'Admin', JoinTime: since + 10, UnreadMsgNum: 5 }],
  });
  assert.deepEqual(imported.MemberList.map((member) => [member.Member_Account, member.Result]), [[members[1], 1]]);
  assert.deepEqual((await history({ GroupId }, 0)).map((row) => row.MsgBody[0].MsgContent.Text).reverse(),
    Array.from({ length: 70 }, (_, i) => `old message ${i + 1}`));
  await admin.ok(`${groups}/delete_group_msg_by_sender`, { GroupId, Sender_Account: members[3] });
  assert.equal((await history({ GroupId }, 0)).length, 60);
}

async function importACommunity() {
  const GroupId = '@TGS#_old-sailors';
  const TopicId = `${GroupId}@TOPIC#_knots`;
  await admin.ok(`${groups}/import_group`, { GroupId, Type: 'Community', Name: 'Old sailors', SupportTopic: 1, CreateTime: since });
  await admin.ok(`${groups}/import_topic`, { GroupId, TopicId, TopicName: 'Knots', CreateTime: since });
  await admin.ok(`${groups}/import_group_msg`, {
    GroupId, TopicId, MsgList: [{ From_Account: members[4], SendTime: since + 1, Random: 1, MsgBody: text('bowline') }],
  });
  const [row] = await history({ GroupId, TopicId }, 0);
  assert.deepEqual([row.MsgSeq, row.From_Account, row.MsgTimeStamp], [1, members[4], since + 1]);
}

export const migration = [importAGroup, importACommunity];
