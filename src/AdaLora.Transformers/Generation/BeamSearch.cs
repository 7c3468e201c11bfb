using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Generation;

/// <summary>Keeps the likeliest continuations of each prompt, as the reference defines it; with sampling, continuations are drawn without replacement.</summary>
internal static class BeamSearch
{
    public static IReadOnlyList<GeneratedText> Run(GenerationRun run)
    {
        using var batch = run.NewBatch();
        var all = run.Prompts.Select((prompt, number) => new BeamGroup(run, number, prompt)).ToList();
        var groups = all;
        run.Cancellation.ThrowIfCancellationRequested();
        var scores = batch.Begin(run.Prompts);
        while (true)
        {
            var rows = new List<int>();
            var first = 0;
            var values = Read(scores, out var words);
            foreach (var group in groups)
            {
                var count = group.Count;
                var sources = group.Advance(values.AsSpan(first * words, count * words), words);
                if (!group.IsDone)
                    rows.AddRange(sources.Select(source => first + source));
                first += count;
            }

            groups = [.. groups.Where(group => !group.IsDone)];
            if (groups.Count == 0)
                return [.. all.SelectMany(group => group.Best())];
            run.Cancellation.ThrowIfCancellationRequested();
            if (rows.Count != first || rows.Where((row, place) => row != place).Any())
                batch.Keep(rows);
            scores = batch.Next([.. groups.SelectMany(group => group.LastIds)]);
        }
    }

    private static float[] Read(Tensor scores, out int words)
    {
        using (scores)
        using (NewDisposeScope())
        {
            words = (int)scores.shape[1];
            return HostRead.Values<float>(scores);
        }
    }
}
