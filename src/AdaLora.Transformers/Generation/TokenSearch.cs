using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Generation;

/// <summary>One token after another, the likeliest or drawn.</summary>
internal static class TokenSearch
{
    /// <summary>Runs to the end. No scope is open while the caller has a token.</summary>
    public static IEnumerable<GeneratedToken> Run(GenerationRun run)
    {
        using var batch = run.NewBatch();
        var texts = run.Prompts.SelectMany((prompt, number) => Enumerable.Range(0, run.Options.Returned).Select(sample => new Text(number, sample, [.. prompt], prompt.Count))).ToList();
        var ids = Choose(run, texts, BeginAll(run, batch));
        while (true)
        {
            var alive = new List<int>();
            for (var row = 0; row < texts.Count; row++)
            {
                var text = texts[row];
                text.Ids.Add(ids[row]);
                var ending = run.EndingOf(text.Ids, text.Ids.Count - text.PromptLength);
                if (ending is null)
                    alive.Add(row);
                yield return new GeneratedToken(text.Prompt, text.Sample, ids[row], ending);
            }

            if (alive.Count == 0)
                yield break;
            run.Cancellation.ThrowIfCancellationRequested();
            if (alive.Count < texts.Count)
            {
                batch.Keep(alive);
                texts = [.. alive.Select(row => texts[row])];
            }

            ids = Choose(run, texts, batch.Next([.. texts.Select(text => text.Ids[^1])]));
        }
    }

    private static Tensor BeginAll(GenerationRun run, DecodingBatch batch)
    {
        run.Cancellation.ThrowIfCancellationRequested();
        var scores = batch.Begin(run.Prompts);
        if (run.Options.Returned == 1)
            return scores;
        // Each prompt is read once.
        var rows = Enumerable.Range(0, run.Prompts.Count).SelectMany(row => Enumerable.Repeat(row, run.Options.Returned)).ToList();
        batch.Keep(rows);
        using (scores)
        using (NewDisposeScope())
            return scores.index_select(0, PinnedCopy.To(tensor(rows.Select(row => (long)row).ToArray(), device: CPU), scores.device)).DetachFromDisposeScope();
    }

    /// <param name="run">The run.</param>
    /// <param name="texts">The texts.</param>
    /// <param name="scores">Texts x vocabulary size; disposed here.</param>
    private static int[] Choose(GenerationRun run, List<Text> texts, Tensor scores)
    {
        using (scores)
        using (NewDisposeScope())
        {
            if (!run.Options.Samples && run.Rules.AreNone)
                return [.. HostRead.Values<long>(scores.argmax(-1)).Select(id => (int)id)];
            var all = HostRead.Values<float>(scores);
            var words = all.Length / texts.Count;
            var row = new double[words];
            var chosen = new int[texts.Count];
            for (var number = 0; number < texts.Count; number++)
            {
                var text = texts[number];
                for (var id = 0; id < words; id++)
                    row[id] = all[(number * words) + id];
                run.Rules.Apply(row, text.Ids, text.Ids.Count - text.PromptLength);
                chosen[number] = run.Options.Samples ? Draw(run, text, row) : IndexOfHighest(row);
            }

            return chosen;
        }
    }

    private static int Draw(GenerationRun run, Text text, double[] scores)
    {
        new SamplingRules(run.Options).Apply(scores);
        SamplingRules.SoftMax(scores);
        var left = run.Draws.Uniform((text.Prompt * run.Options.Returned) + text.Sample, text.Ids.Count - text.PromptLength);
        var last = 0;
        for (var id = 0; id < scores.Length; id++)
        {
            if (scores[id] <= 0)
                continue;
            last = id;
            left -= scores[id];
            if (left < 0)
                break;
        }

        return last;
    }

    private static int IndexOfHighest(double[] scores)
    {
        var best = 0;
        for (var id = 1; id < scores.Length; id++)
        {
            if (scores[id] > scores[best])
                best = id;
        }

        return best;
    }

    private sealed record Text(int Prompt, int Sample, List<int> Ids, int PromptLength);
}
