package com.vtsim.pci.nvme;

import java.util.function.Function;

/** The admin command set. Source: NVM Express Base Specification 1.4, Admin Command Set. */
final class AdminCommands {
    private static final int DELETE_SUBMISSION = 0x00;
    private static final int CREATE_SUBMISSION = 0x01;
    private static final int GET_LOG_PAGE = 0x02;
    private static final int DELETE_COMPLETION = 0x04;
    private static final int CREATE_COMPLETION = 0x05;
    private static final int IDENTIFY = 0x06;
    private static final int ABORT = 0x08;
    private static final int SET_FEATURES = 0x09;
    private static final int GET_FEATURES = 0x0A;
    private static final int ASYNC_EVENT_REQUEST = 0x0C;
    private static final int NAMESPACE_MANAGEMENT = 0x0D;
    private static final int NAMESPACE_ATTACHMENT = 0x15;
    private static final int FORMAT_NVM = 0x80;
    /** Powers of two: entries of 64 and of 16 bytes. */
    private static final int SUBMISSION_ENTRY = 6;
    private static final int COMPLETION_ENTRY = 4;

    private final NvmeController controller;
    private final Queues queues;
    private final Memory memory;
    private final Features features;
    private final Identify identify;
    private final LogPages logs;
    private final AsyncEvents events;
    private final Management management;
    private final boolean managed;

    /** @param managed whether namespaces can be made, rather than formatted only */
    AdminCommands(NvmeController controller, Queues queues, Memory memory, Features features, Identify identify, LogPages logs, AsyncEvents events, Management management, boolean managed) {
        this.management = management;
        this.managed = managed;
        this.controller = controller;
        this.queues = queues;
        this.memory = memory;
        this.features = features;
        this.identify = identify;
        this.logs = logs;
        this.events = events;
    }

    Status execute(Command command) {
        if (command.form() != 0) {
            return command.wrong(Status.INVALID_FIELD, 0);
        }
        return switch (command.opcode()) {
            case DELETE_SUBMISSION -> queues.deleteSubmission(command);
            case CREATE_SUBMISSION -> sized(ControllerRegister.IOSQES.of(controller.configuration()), SUBMISSION_ENTRY, command, queues::createSubmission);
            case DELETE_COMPLETION -> queues.deleteCompletion(command);
            case CREATE_COMPLETION -> sized(ControllerRegister.IOCQES.of(controller.configuration()), COMPLETION_ENTRY, command, queues::createCompletion);
            case GET_LOG_PAGE -> logs.execute(command, memory);
            case IDENTIFY -> identify.execute(command, memory);
            case ABORT -> abort(command);
            case SET_FEATURES -> setFeatures(command);
            case GET_FEATURES -> features.get(command);
            case ASYNC_EVENT_REQUEST -> events.request(command);
            case FORMAT_NVM -> management.format(command);
            case NAMESPACE_MANAGEMENT -> managed ? management.manage(command) : command.wrong(Status.INVALID_COMMAND_OPCODE, 0);
            case NAMESPACE_ATTACHMENT -> managed ? management.attach(command) : command.wrong(Status.INVALID_COMMAND_OPCODE, 0);
            default -> command.wrong(Status.INVALID_COMMAND_OPCODE, 0);
        };
    }

    /** The guest must have set the size of the entries before it makes a queue of them. */
    private static Status sized(long set, int required, Command command, Function<Command, Status> create) {
        return set != required ? command.wrong(Status.INVALID_QUEUE_SIZE, 10) : create.apply(command);
    }

    /** Only event requests are ever outstanding: any other command completes as it is fetched. */
    private Status abort(Command command) {
        int queue = command.dword(10) & 0xFFFF;
        int id = command.dword(10) >>> 16;
        command.result = 1;
        if (queues.submission(queue) == null) {
            return command.wrong(Status.INVALID_FIELD, 10);
        }
        if (queue == 0 && events.abort(id)) {
            command.result = 0;
        }
        return Status.SUCCESS;
    }

    private Status setFeatures(Command command) {
        boolean cached = features.isCacheOn();
        Status status = features.set(command, queues.anyInputOutput());
        if (status == Status.SUCCESS && cached && !features.isCacheOn()) {
            return controller.flush();
        }
        if (status == Status.SUCCESS && features.warning() != 0 && (features.events() & features.warning()) != 0) {
            events.raise(AsyncEvents.TEMPERATURE);
        }
        return status;
    }
}
