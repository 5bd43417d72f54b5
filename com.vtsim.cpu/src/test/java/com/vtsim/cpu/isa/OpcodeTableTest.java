package com.vtsim.cpu.isa;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The table as a whole. */
class OpcodeTableTest {
    private final OpcodeTable table = OpcodeTable.instance();

    @Test
    void formsAreNumberedInOrder() {
        for (int i = 0; i < table.forms().size(); i++) {
            assertThat(table.forms().get(i).index()).isEqualTo(i);
        }
    }

    /** A row that an earlier one hides in every mode would never be decoded. */
    @Test
    void everyRowIsDecodedInSomeMode() {
        List<String> hidden = new ArrayList<>();
        for (Row row : table.rows()) {
            boolean seen = false;
            for (int codeSize : new int[] {16, 32, 64}) {
                for (FormGenerator.Sample sample : new FormGenerator(codeSize, row.form.index()).generate(row, 24)) {
                    Decoded decoded = new Decoder().decode(ByteSource.of(sample.bytes(), 0), codeSize);
                    seen |= decoded instanceof Instruction instruction && instruction.form() == row.form;
                }
            }
            if (!seen) {
                hidden.add(row.toString());
            }
        }
        assertThat(hidden).isEmpty();
    }

    @Test
    void alternativeNamesMeanRows() {
        assertThat(table.rows("JE")).isEqualTo(table.rows("JZ")).isNotEmpty();
        assertThat(table.rows("SAL")).isEqualTo(table.rows("SHL")).isNotEmpty();
        assertThat(table.rows("CMOVNGE")).isEqualTo(table.rows("CMOVL")).isNotEmpty();
        assertThat(table.rows("NOSUCH")).isEmpty();
    }

    /** @sdm LOCK—Assert LOCK# Signal Prefix: the list of instructions. */
    @Test
    void lockableInstructionsAreTheManuals() {
        assertThat(table.forms()).filteredOn(Form::lockable).extracting(Form::mnemonic).containsOnly("ADD", "ADC", "AND", "BTC", "BTR", "BTS",
                "CMPXCHG", "CMPXCHG8B", "CMPXCHG16B", "DEC", "INC", "NEG", "NOT", "OR", "SBB", "SUB", "XOR", "XADD", "XCHG");
    }
}
