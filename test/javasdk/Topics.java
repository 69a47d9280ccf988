import io.github.doocs.im.ImClient;
import io.github.doocs.im.constant.*;
import io.github.doocs.im.model.group.*;
import io.github.doocs.im.model.message.*;
import io.github.doocs.im.model.request.*;
import io.github.doocs.im.model.response.*;
import java.util.*;

/** Topics of a community, and messages in them. */
final class Topics {
    private Topics() {
    }

    static void makesAndReads() throws Exception {
        String community = App.group(GroupType.COMMUNITY, "@TGS#_sailing");
        String harbour = community + "@TOPIC#_harbour";
        Sdk.equal(harbour, Sdk.ok(App.sdk.group::createGroupTopic, CreateGroupTopicRequest.builder().groupId(community).topicId(harbour)
                .topicName("Harbour")
                .fromAccount(App.OWNER).customString("{}").faceUrl("https://img.example.net/h.png").introduction("Berths")
                        .notification("Race on Sunday").build()).getTopicId(), "the topic");
        int since = 1577836800;
        String knots = Sdk.ok(App.sdk.group::importGroupTopic, ImportGroupTopicRequest.builder().groupId(community).topicName("Knots")
                .build()).getTopicId();
        Sdk.check(knots.startsWith(community + "@TOPIC#_@TOPIC#c"), "an id that the server makes up: " + knots);
        Sdk.refused(10025, App.sdk.group::createGroupTopic, CreateGroupTopicRequest.builder().groupId(community).topicId(harbour)
                .topicName("Again").build());
        Sdk.refused(10021, App.sdk.group::importGroupTopic, ImportGroupTopicRequest.builder().groupId(community).topicId(harbour)
                .topicName("Again").createTime(since).build());

        List<TopicAndSelfInfoItem> read = Sdk.ok(App.sdk.group::getGroupTopic,
                GetGroupTopicRequest.builder().groupId(community).fromAccount(App.MEMBER)
                .topicIdList(List.of(harbour, knots, community + "@TOPIC#_gone")).build()).getTopicAndSelfInfo();
        TopicInfo topic = read.get(0).getTopicInfo();
        Sdk.equal(List.of(community, harbour, "Harbour", "{}", "https://img.example.net/h.png", "Berths", "Race on Sunday", 1, 0, 0),
                List.of(topic.getGroupId(), topic.getTopicId(), topic.getTopicName(), topic.getCustomString(), topic.getFaceUrl(),
                        topic.getIntroduction(),
                        topic.getNotification(), topic.getNextMsgSeq(), topic.getLastMsgTime(), topic.getShutUpAllFlag()), "a new topic");
        SelfInfo own = read.get(0).getSelfInfo();
        Sdk.equal(List.of(0, 0, MsgFlag.ACCEPT_AND_NOTIFY), List.of(own.getShutUpTime(), own.getMsgSeq(), own.getMsgFlag()),
                "her state in it");
        Sdk.equal(List.of(0, 0, 110003), read.stream().map(TopicAndSelfInfoItem::getErrorCode).toList(), "the code of each");
        Sdk.refused(10010, App.sdk.group::getGroupTopic, new GetGroupTopicRequest("@TGS#_nowhere", App.MEMBER));

        Sdk.ok(App.sdk.group::modifyGroupTopic, ModifyGroupTopicRequest.builder().groupId(community).topicId(harbour)
                .topicName("The harbour").muteAllMember(MuteAllMember.ON).build());
        topic = info(community, harbour);
        Sdk.equal(List.of("The harbour", 1, "Berths"), List.of(topic.getTopicName(), topic.getShutUpAllFlag(), topic.getIntroduction()),
                "the changed topic");
        Sdk.refused(10010, App.sdk.group::modifyGroupTopic, new ModifyGroupTopicRequest(community, community + "@TOPIC#_gone"));
    }

    private static TopicInfo info(String community, String topic) throws Exception {
        return Sdk.ok(App.sdk.group::getGroupTopic, GetGroupTopicRequest.builder().groupId(community).fromAccount(App.MEMBER)
                .topicIdList(List.of(topic)).build())
                .getTopicAndSelfInfo().get(0).getTopicInfo();
    }

    /** Every call that takes a TopicId concerns that topic alone. */
    static void talksInOne() throws Exception {
        String community = App.group(GroupType.COMMUNITY, "@TGS#_talking");
        String topic = Sdk.ok(App.sdk.group::createGroupTopic, new CreateGroupTopicRequest(community, "Talk")).getTopicId();
        String other = Sdk.ok(App.sdk.group::createGroupTopic, new CreateGroupTopicRequest(community, "Silence")).getTopicId();
        for (String from : List.of(App.MEMBER, App.OTHER, App.MEMBER)) {
            SendGroupMsgRequest message = App.message(community, from, from + " speaks");
            message.setTopicId(topic);
            Sdk.ok(App.sdk.group::sendGroupMsg, message);
        }
        Sdk.equal(List.of(4, 1), List.of(info(community, topic).getNextMsgSeq(), info(community, other).getNextMsgSeq()),
                "the next numbers");
        Sdk.ok(App.sdk.group::deleteGroupMsgBySender, new DeleteGroupMsgBySenderRequest(community, App.OTHER, topic));
        Sdk.ok(App.sdk.group::groupMsgRecall, new GroupMsgRecallRequest(community, List.of(new MsgSeqItem(1L)), topic));
        GroupMsgGetSimpleResult page = Sdk.ok(App.sdk.group::groupMsgGetSimple,
                GroupMsgGetSimpleRequest.builder().groupId(community).topicId(topic).reqMsgNumber(20).build());
        Sdk.equal(List.of(3L), page.getRspMsgList().stream().map(RspMsgItem::getMsgSeq).toList(), "what is left");

        Sdk.ok(App.sdk.group::forbidSendMsg, new ForbidSendMsgRequest(community, List.of(App.OTHER), App.FOR_EVER, topic));
        Sdk.equal(List.of(App.OTHER), Sdk.ok(App.sdk.group::getGroupMutedAccount, new GetGroupMutedAccountRequest(community, topic))
                .getMutedAccountList().stream()
                .map(MutedAccountItem::getMemberAccount).toList(), "who is muted in the topic");
        Sdk.equal(List.of(), Sdk.ok(App.sdk.group::getGroupMutedAccount, new GetGroupMutedAccountRequest(community)).getMutedAccountList(),
                "who is muted in the community");

        List<DestroyGroupTopicResultItem> destroyed = Sdk.ok(App.sdk.group::destroyGroupTopic,
                new DestroyGroupTopicRequest(community, List.of(topic, topic))).getDestroyResultItems();
        Sdk.equal(List.of(topic + " 0", topic + " 110003"), destroyed.stream().map(one -> one.getTopicId() + " " + one.getErrorCode())
                .toList(), "what was destroyed");
        Sdk.refused(10004, App.sdk.group::destroyGroupTopic, new DestroyGroupTopicRequest(community, List.of()));
    }
}
