import com.datastax.driver.core.Cluster;
import com.datastax.driver.core.Session;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import org.apache.cassandra.tools.INodeProbeFactory;
import org.apache.cassandra.tools.NodeProbe;
import org.apache.cassandra.tools.NodeTool;
import org.apache.cassandra.tools.Output;

/**
 * Keeps Cassandra's nodetool, and something like cqlsh, in one process, where each run of
 * theirs would take a second to start: over HTTP, the arguments one a line. It ends with
 * its input.
 */
public class Tools {
    public static void main(String[] args) throws Exception {
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
        server.setExecutor(Executors.newCachedThreadPool());
        server.createContext("/nodetool", x -> answer(x, Tools::nodetool));
        server.createContext("/cqlsh", x -> answer(x, Tools::cqlsh));
        server.start();
        System.out.println(server.getAddress().getPort());
        // Parts of nodetool print there whatever they are told.
        System.setOut(new PrintStream(new OutputStream() {
            public void write(int b) {
                printed.get().write(b);
            }
        }, true));
        System.in.readAllBytes();
        System.exit(0);
    }

    /** What the tool prints that this thread runs. */
    static final ThreadLocal<ByteArrayOutputStream> printed = ThreadLocal.withInitial(ByteArrayOutputStream::new);

    interface Tool {
        int run(String[] args) throws Exception;
    }

    static void answer(HttpExchange exchange, Tool tool) throws IOException {
        String[] args = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8).split("\n");
        ByteArrayOutputStream bytes = printed.get();
        bytes.reset();
        int status = 1;
        try {
            status = tool.run(args);
        } catch (Exception e) {
            e.printStackTrace(System.out);
        }
        System.out.flush();
        exchange.sendResponseHeaders(status == 0 ? 200 : 500, bytes.size() == 0 ? -1 : bytes.size());
        bytes.writeTo(exchange.getResponseBody());
        exchange.close();
    }

    static int nodetool(String[] args) {
        return new NodeTool(new INodeProbeFactory() {
            public NodeProbe create(String host, int port) {
                try {
                    return new NodeProbe(host, port);
                } catch (IOException e) { // nodetool would end the process
                    throw new UncheckedIOException(e);
                }
            }

            public NodeProbe create(String host, int port, String user, String password) {
                throw new UnsupportedOperationException();
            }
        }, new Output(System.out, System.out)).execute(args);
    }

    static final Map<String, Session> sessions = new ConcurrentHashMap<>();

    /** Its arguments are a node and statements, each of which ends with a semicolon. */
    static int cqlsh(String[] args) {
        Session session = sessions.computeIfAbsent(args[0],
            node -> Cluster.builder().addContactPoint(node).withoutMetrics().withoutJMXReporting().build().connect());
        for (String statement : args[1].split(";")) {
            session.execute(statement);
        }
        return 0;
    }
}
