import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;

/**
 * The job in Kafka Streams: a table of the newest version of each fact, grouped by cell and aggregated with an adder and
 * a subtractor, written to a topic; a sink task upserts that topic into PostgreSQL. Arguments: kafka, DSN, topic,
 * group, folder.
 */
public final class Peer {
    private static final int PARTITIONS = 12;
    private static final int SESSION_MS = 10_000;

    public static void main(String[] arguments) throws Exception {
        String kafka = arguments[0];
        String dsn = arguments[1];
        String topic = arguments[2];
        String group = arguments[3];
        String cells = topic + ".cells";
        create(kafka, cells);
        KafkaStreams streams = new KafkaStreams(topology(topic, cells), properties(kafka, group, Path.of(arguments[4])));
        CellSink sink = new CellSink(kafka, dsn, cells, group + "-sink", SESSION_MS);
        Thread sinking = new Thread(sink, "sink");
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            streams.close();
            sink.stop();
        }));
        streams.start();
        sinking.start();
        sinking.join();
    }

    static Topology topology(String topic, String cells) {
        StreamsBuilder builder = new StreamsBuilder();
        KTable<String, Version> facts = builder
            .stream(topic, Consumed.with(Serdes.ByteArray(), Json.serde(Event.class)))
            .map((key, event) -> KeyValue.pair(event.fact(), event.version()))
            .groupByKey(Grouped.with("facts", Serdes.String(), Json.serde(Version.class)))
            .reduce((stored, next) -> next.rank().compareTo(stored.rank()) > 0 ? next : stored,
                Materialized.with(Serdes.String(), Json.serde(Version.class)));
        facts
            // a version without a cell counts nothing: a pair with the key null is left out
            .groupBy((fact, version) -> KeyValue.pair(version.cell(), version.counts()),
                Grouped.with("cells", Serdes.String(), Json.serde(Counts.class)))
            .aggregate(Counts::none,
                (cell, added, counts) -> counts.plus(added, 1),
                (cell, removed, counts) -> counts.plus(removed, -1),
                Materialized.with(Serdes.String(), Json.serde(Counts.class)))
            .toStream()
            .to(cells, Produced.with(Serdes.String(), Json.serde(Counts.class)));
        return builder.build();
    }

    private static Properties properties(String kafka, String group, Path folder) {
        Properties properties = new Properties();
        properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, kafka);
        properties.put(StreamsConfig.APPLICATION_ID_CONFIG, group);
        properties.put(StreamsConfig.STATE_DIR_CONFIG, folder.toString());
        properties.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        properties.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1); // there is one broker
        properties.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
        properties.put(StreamsConfig.consumerPrefix(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG), SESSION_MS);
        return properties;
    }

    private static void create(String kafka, String topic) throws ExecutionException, InterruptedException {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", kafka))) {
            admin.createTopics(List.of(new NewTopic(topic, Optional.of(PARTITIONS), Optional.empty()))).all().get();
        } catch (ExecutionException error) {
            if (!(error.getCause() instanceof TopicExistsException)) {
                throw error;
            }
        }
    }

    private Peer() {}
}
