package com.vtsim.pci.hub;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.network.Hubs;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a hub promises to the cards on it. */
class EthernetHubsTest {
    private final Hubs hubs = new EthernetHubs();
    private final List<String> rung = new ArrayList<>();

    private Hubs.Port join(String hub, String owner, boolean resumed) {
        return hubs.join(hub, owner, resumed, () -> rung.add(owner));
    }

    private static byte[] frame(int number) {
        return new byte[] {(byte) number, (byte) (number >> 8)};
    }

    @Test
    void allOthersOnTheHubHearAFrame() {
        Hubs.Port one = join("lan", "one", false);
        Hubs.Port two = join("lan", "two", false);
        Hubs.Port three = join("lan", "three", false);
        Hubs.Port stranger = join("wan", "stranger", false);
        one.send(frame(1));
        assertThat(rung).containsExactly("two", "three");
        assertThat(two.receive()).isEqualTo(frame(1));
        assertThat(two.receive()).isNull();
        assertThat(three.receive()).isEqualTo(frame(1));
        assertThat(one.receive()).as("nobody hears himself").isNull();
        assertThat(stranger.receive()).isNull();
        assertThat(one.neighbours()).isEqualTo(3);
    }

    @Test
    void framesWaitForTheSuccessorOfACardThatLeft() {
        Hubs.Port one = join("lan", "one", false);
        Hubs.Port two = join("lan", "two", false);
        one.send(frame(1));
        two.close();
        one.send(frame(2));
        assertThat(one.neighbours()).isEqualTo(1);
        assertThat(two.receive()).as("who has left hears nothing").isNull();
        Hubs.Port successor = join("lan", "two", true);
        assertThat(successor.receive()).isEqualTo(frame(1));
        assertThat(successor.receive()).isEqualTo(frame(2));
        assertThat(successor.receive()).isNull();
    }

    @Test
    void aCardThatIsNewHearsNothingOfBefore() {
        Hubs.Port one = join("lan", "one", false);
        join("lan", "two", false).close();
        one.send(frame(1));
        assertThat(join("lan", "two", false).receive()).isNull();
    }

    @Test
    void bothEndsMayBeReplacedAtOnce() {
        Hubs.Port one = join("lan", "one", false);
        Hubs.Port two = join("lan", "two", false);
        one.send(frame(1));
        one.close();
        two.close();
        assertThat(join("lan", "one", true).neighbours()).isEqualTo(1);
        assertThat(join("lan", "two", true).receive()).isEqualTo(frame(1));
    }

    @Test
    void whatComesBeyondTheRoomIsDropped() {
        Hubs.Port one = join("lan", "one", false);
        Hubs.Port two = join("lan", "two", false);
        for (int i = 0; i < Hubs.WAITING + 10; i++) {
            one.send(frame(i));
        }
        assertThat(rung).hasSize(Hubs.WAITING);
        for (int i = 0; i < Hubs.WAITING; i++) {
            assertThat(two.receive()).isEqualTo(frame(i));
        }
        assertThat(two.receive()).isNull();
    }

    @Test
    void placesOfThoseWhoLeftAreBounded() {
        Hubs.Port one = join("lan", "one", false);
        for (int i = 0; i < 17; i++) {
            join("lan", "away" + i, false).close();
        }
        one.send(frame(1));
        assertThat(join("lan", "away0", true).receive()).as("left first: forgotten").isNull();
        assertThat(join("lan", "away16", true).receive()).isEqualTo(frame(1));
    }

    @Test
    void aPortThatHasBeenTakenOverIsClosed() {
        Hubs.Port one = join("lan", "one", false);
        Hubs.Port old = join("lan", "two", false);
        Hubs.Port next = join("lan", "two", true);
        old.send(frame(1));
        assertThat(one.receive()).isNull();
        old.close();
        next.send(frame(2));
        assertThat(one.receive()).isEqualTo(frame(2));
    }
}
