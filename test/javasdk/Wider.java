import com.fasterxml.jackson.annotation.JsonProperty;
import io.github.doocs.im.core.Group;
import io.github.doocs.im.model.group.*;
import io.github.doocs.im.model.message.*;
import io.github.doocs.im.model.request.*;
import io.github.doocs.im.model.response.*;
import io.github.doocs.im.util.HttpUtil;
import java.io.IOException;
import java.util.*;

/** What the protocol has and the SDK's classes have not, added in the ways that docs/java-sdk.md advises. */
final class Wider {
    private Wider() {
    }

    /** A message that asks for receipts. */
    static final class MessageWithReceipt extends SendGroupMsgRequest {
        @JsonProperty("NeedReadReceipt")
        public int needReadReceipt = 1;

        MessageWithReceipt(String group, String from, long random, String says) {
            super(group, random, App.text(says));
            setFromAccount(from);
        }
    }

    /** The answer to a send, with the number under the name that it has. */
    static final class Sent extends GenericResult {
        @JsonProperty("MsgSeq")
        public Long msgSeq;
    }

    /** A page of history whose rows have the data that was sent beside the body. */
    static final class Page extends GenericResult {
        @JsonProperty("RspMsgList")
        public List<Row> rows;
    }

    static final class Row extends RspMsgItem {
        @JsonProperty("CloudCustomData")
        public String cloudCustomData;
    }

    /** Pairs of a message, as they were set or as they are. */
    static final class Pairs extends GenericResult {
        @JsonProperty("ExtensionList")
        public List<Pair> pairs;
    }

    static final class Pair {
        @JsonProperty("ErrorCode")
        public int errorCode;
        @JsonProperty("Extension")
        public Pair extension;
        @JsonProperty("Key")
        public String key;
        @JsonProperty("Value")
        public String value;

        @Override
        public String toString() {
            return extension == null ? key + "=" + value : errorCode + " " + extension;
        }
    }

    /** Makes a call whose answer is read by another class than the SDK's. */
    static <R extends GenericResult> R read(String service, String command, Object request, Class<R> as) throws IOException {
        R answer = HttpUtil.post(App.sdk.getUrl(service, command), request, as, App.sdk.getConfig());
        Sdk.equal(0, answer.getErrorCode(), "the code of " + command);
        return answer;
    }

    static List<String> pairs(String command, Object request) throws IOException {
        return read(Group.SERVICE_NAME_OPEN_IM_MSG_EXT, command, request, Pairs.class).pairs.stream().map(Pair::toString).sorted().toList();
    }
}
