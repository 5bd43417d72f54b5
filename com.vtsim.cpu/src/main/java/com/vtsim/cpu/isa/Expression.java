package com.vtsim.cpu.isa;

/** A constant expression of the assembler: 64-bit arithmetic, wrapping. */
sealed interface Expression {

    /** What names stand for in this pass. */
    interface Scope {
        /** @return the symbol's value; 0 where it is not known yet */
        long symbol(Symbol symbol);

        /** @return whether a symbol this statement uses is not known yet */
        boolean unknown();

        /** @return address of the statement: {@code $} */
        long here();

        /** @return address of the image: {@code $$} */
        long start();

        /** @throws AssemblyException at the column, in the statement's line */
        AssemblyException error(int column, String message);
    }

    /** @return the value in this pass */
    long value(Scope scope);

    record Number(long number) implements Expression {
        @Override
        public long value(Scope scope) {
            return number;
        }
    }

    /** A label or EQU name; local names are already complete. */
    record Symbol(String name, int column) implements Expression {
        @Override
        public long value(Scope scope) {
            return scope.symbol(this);
        }
    }

    /** {@code $} or {@code $$}. */
    record Place(boolean start) implements Expression {
        @Override
        public long value(Scope scope) {
            return start ? scope.start() : scope.here();
        }
    }

    record Unary(char sign, Expression operand) implements Expression {
        @Override
        public long value(Scope scope) {
            long value = operand.value(scope);
            return sign == '-' ? -value : sign == '~' ? ~value : value;
        }
    }

    record Binary(String sign, Expression left, Expression right, int column) implements Expression {
        @Override
        public long value(Scope scope) {
            long a = left.value(scope);
            long b = right.value(scope);
            return switch (sign) {
                case "+" -> a + b;
                case "-" -> a - b;
                case "*" -> a * b;
                case "<<" -> b < 0 || b > 63 ? 0 : a << b;
                case ">>" -> b < 0 || b > 63 ? 0 : a >>> b;
                case "&" -> a & b;
                case "|" -> a | b;
                case "^" -> a ^ b;
                default -> divide(scope, a, b);
            };
        }

        private long divide(Scope scope, long a, long b) {
            if (b == 0) {
                throw scope.error(column, "division by zero");
            }
            return sign.equals("/") ? Long.divideUnsigned(a, b) : Long.remainderUnsigned(a, b);
        }
    }
}
