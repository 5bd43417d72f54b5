package com.vtsim.shell.draw;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;

/** A label with branches, drawn with lines. */
public final class Tree implements Drawable {

    private final String label;
    private final String note;
    private final List<Tree> branches = new ArrayList<>();

    /** @param label the name in front */
    public Tree(String label) {
        this(label, "");
    }

    /**
     * @param label the name in front
     * @param note what is said about it; may be empty
     */
    public Tree(String label, String note) {
        this.label = label;
        this.note = note;
    }

    /** Adds a branch and returns it, so that branches can be hung on it in turn. */
    public Tree add(Tree branch) {
        branches.add(branch);
        return branch;
    }

    /** Adds a branch of that label and note and returns it. */
    public Tree add(String branchLabel, String branchNote) {
        return add(new Tree(branchLabel, branchNote));
    }

    @Override
    public String line() {
        return note.isEmpty() ? label : label + "  " + note;
    }

    @Override
    public String full(Paint paint) {
        StringBuilder text = new StringBuilder();
        draw(text, "", "", paint);
        return text.toString();
    }

    /** Label, note and branches, those as an array of the same. */
    ObjectNode json(JsonNodeFactory nodes) {
        ObjectNode object = nodes.objectNode().put("label", label).put("note", note);
        ArrayNode array = object.putArray("branches");
        branches.forEach(branch -> array.add(branch.json(nodes)));
        return object;
    }

    private void draw(StringBuilder text, String first, String rest, Paint paint) {
        text.append(text.isEmpty() ? "" : "\n").append(paint.as(Paint.Role.FAINT, first)).append(paint.as(Paint.Role.NAME, label));
        if (!note.isEmpty()) {
            text.append("  ").append(note);
        }
        for (int i = 0; i < branches.size(); i++) {
            boolean last = i == branches.size() - 1;
            branches.get(i).draw(text, rest + (last ? "└─ " : "├─ "), rest + (last ? "   " : "│  "), paint);
        }
    }
}
