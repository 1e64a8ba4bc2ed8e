import java.net.URI;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * What a sink task of Kafka Connect with a JDBC sink in upsert mode does: poll committed records, upsert them in one
 * transaction, commit the offsets. It writes whole cells, so what is written twice does no harm.
 */
final class CellSink implements Runnable {
    private static final String UPSERT = "insert into peers.cell values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        + " on conflict (county, month, unit, channel) do update set responses = excluded.responses,"
        + " detractors = excluded.detractors, passives = excluded.passives, promoters = excluded.promoters,"
        + " invitations = excluded.invitations, feedback = excluded.feedback";
    private final KafkaConsumer<String, Counts> consumer;
    private final String dsn;
    private final String topic;

    CellSink(String kafka, String dsn, String topic, String group, int sessionMs) {
        Map<String, Object> settings = Map.of(
            ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, kafka,
            ConsumerConfig.GROUP_ID_CONFIG, group,
            ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed",
            ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest",
            ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false,
            ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 3000,
            ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG, sessionMs);
        this.consumer = new KafkaConsumer<>(
            settings, new StringDeserializer(), Json.serde(Counts.class).deserializer());
        this.dsn = dsn;
        this.topic = topic;
    }

    void stop() {
        consumer.wakeup();
    }

    @Override
    public void run() {
        try (consumer; Connection connection = connect()) {
            connection.setAutoCommit(false);
            consumer.subscribe(List.of(topic));
            while (true) {
                Map<String, Counts> cells = new HashMap<>();
                for (ConsumerRecord<String, Counts> record : consumer.poll(Duration.ofMillis(100))) {
                    cells.put(record.key(), record.value());
                }
                if (!cells.isEmpty()) {
                    write(connection, cells);
                    consumer.commitSync();
                }
            }
        } catch (WakeupException stopped) {
            // the process ends
        } catch (SQLException error) {
            throw new IllegalStateException(error);
        }
    }

    private Connection connect() throws SQLException {
        URI place = URI.create(dsn);
        String url = "jdbc:postgresql://" + place.getHost() + ":" + place.getPort() + place.getPath()
            + "?reWriteBatchedInserts=true";
        String[] account = place.getUserInfo().split(":", 2);
        return DriverManager.getConnection(url, account[0], account.length > 1 ? account[1] : "");
    }

    private static void write(Connection connection, Map<String, Counts> cells) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(UPSERT)) {
            for (Map.Entry<String, Counts> cell : cells.entrySet()) {
                String[] key = cell.getKey().split("\\|");
                Counts counts = cell.getValue();
                for (int column = 0; column < key.length; column++) {
                    statement.setString(column + 1, key[column]);
                }
                statement.setLong(5, counts.responses());
                statement.setLong(6, counts.detractors());
                statement.setLong(7, counts.passives());
                statement.setLong(8, counts.promoters());
                statement.setLong(9, counts.invitations());
                statement.setLong(10, counts.feedback());
                statement.addBatch();
            }
            statement.executeBatch();
        }
        connection.commit();
    }
}
