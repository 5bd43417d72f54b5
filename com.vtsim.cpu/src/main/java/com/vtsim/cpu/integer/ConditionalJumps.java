package com.vtsim.cpu.integer;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.engine.Translation;
import com.vtsim.cpu.isa.Instruction;

/** Jcc: a class for each condition. @sdm Jcc—Jump if Condition Is Met */
final class ConditionalJumps {
    private ConditionalJumps() { }

    static void define(Semantics s) {
        s.define("JO", JO::new);
        s.define("JNO", JNO::new);
        s.define("JB", JB::new);
        s.define("JNB", JNB::new);
        s.define("JZ", JZ::new);
        s.define("JNZ", JNZ::new);
        s.define("JBE", JBE::new);
        s.define("JNBE", JNBE::new);
        s.define("JS", JS::new);
        s.define("JNS", JNS::new);
        s.define("JP", JP::new);
        s.define("JNP", JNP::new);
        s.define("JL", JL::new);
        s.define("JNL", JNL::new);
        s.define("JLE", JLE::new);
        s.define("JNLE", JNLE::new);
    }

    private static final class JO extends NearJump {
        JO(Instruction instruction, Translation at) {
            super(instruction, at);
        }

        @Override
        public void execute(Cpu cpu) {
            if (cpu.of()) {
                take(cpu);
            }
        }
    }

    private static final class JNO extends NearJump {
        JNO(Instruction instruction, Translation at) {
            super(instruction, at);
        }

        @Override
        public void execute(Cpu cpu) {
            if (!cpu.of()) {
                take(cpu);
            }
        }
    }

    private static final class JB extends NearJump {
        JB(Instruction instruction, Translation at) {
            super(instruction, at);
        }

        @Override
        public void execute(Cpu cpu) {
            if (cpu.flagCarry < 0) {
                take(cpu);
            }
        }
    }

    private static final class JNB extends NearJump {
        JNB(Instruction instruction, Translation at) {
            super(instruction, at);
        }

        @Override
        public void execute(Cpu cpu) {
            if (cpu.flagCarry >= 0) {
                take(cpu);
            }
        }
    }

    private static final class JZ extends NearJump {
        JZ(Instruction instruction, Translation at) {
            super(instruction, at);
        }

        @Override
        public void execute(Cpu cpu) {
            if (cpu.flagResult == 0) {
                take(cpu);
            }
        }
    }

    private static final class JNZ extends NearJump {
        JNZ(Instruction instruction, Translation at) {
            super(instruction, at);
        }

        @Override
        public void execute(Cpu cpu) {
            if (cpu.flagResult != 0) {
                take(cpu);
            }
        }
    }

    private static final class JBE extends NearJump {
        JBE(Instruction instruction, Translation at) {
            super(instruction, at);
        }

        @Override
        public void execute(Cpu cpu) {
            if (cpu.flagCarry < 0 || cpu.flagResult == 0) {
                take(cpu);
            }
        }
    }

    private static final class JNBE extends NearJump {
        JNBE(Instruction instruction, Translation at) {
            super(instruction, at);
        }

        @Override
        public void execute(Cpu cpu) {
            if (cpu.flagCarry >= 0 && cpu.flagResult != 0) {
                take(cpu);
            }
        }
    }

    private static final class JS extends NearJump {
        JS(Instruction instruction, Translation at) {
            super(instruction, at);
        }

        @Override
        public void execute(Cpu cpu) {
            if (cpu.sf()) {
                take(cpu);
            }
        }
    }

    private static final class JNS extends NearJump {
        JNS(Instruction instruction, Translation at) {
            super(instruction, at);
        }

        @Override
        public void execute(Cpu cpu) {
            if (!cpu.sf()) {
                take(cpu);
            }
        }
    }

    private static final class JP extends NearJump {
        JP(Instruction instruction, Translation at) {
            super(instruction, at);
        }

        @Override
        public void execute(Cpu cpu) {
            if (cpu.pf()) {
                take(cpu);
            }
        }
    }

    private static final class JNP extends NearJump {
        JNP(Instruction instruction, Translation at) {
            super(instruction, at);
        }

        @Override
        public void execute(Cpu cpu) {
            if (!cpu.pf()) {
                take(cpu);
            }
        }
    }

    private static final class JL extends NearJump {
        JL(Instruction instruction, Translation at) {
            super(instruction, at);
        }

        @Override
        public void execute(Cpu cpu) {
            if (cpu.less()) {
                take(cpu);
            }
        }
    }

    private static final class JNL extends NearJump {
        JNL(Instruction instruction, Translation at) {
            super(instruction, at);
        }

        @Override
        public void execute(Cpu cpu) {
            if (!cpu.less()) {
                take(cpu);
            }
        }
    }

    private static final class JLE extends NearJump {
        JLE(Instruction instruction, Translation at) {
            super(instruction, at);
        }

        @Override
        public void execute(Cpu cpu) {
            if (cpu.less() || cpu.flagResult == 0) {
                take(cpu);
            }
        }
    }

    private static final class JNLE extends NearJump {
        JNLE(Instruction instruction, Translation at) {
            super(instruction, at);
        }

        @Override
        public void execute(Cpu cpu) {
            if (!cpu.less() && cpu.flagResult != 0) {
                take(cpu);
            }
        }
    }
}
