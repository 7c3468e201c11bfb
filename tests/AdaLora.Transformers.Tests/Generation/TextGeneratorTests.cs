using AdaLora.TestSupport;
using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Generation;
using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Tests.Families;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Tests.Generation;

public sealed class TextGeneratorTests
{
    private static readonly int[][] Prompts = [[3, 9, 4, 1, 5], [8, 2], [7, 7, 3]];

    public static TheoryData<string> Families => SmallDecoder.Families;

    public static TheoryData<bool, int> Kinds => new() { { false, 1 }, { true, 1 }, { false, 3 }, { true, 3 } };

    /// <summary>Alone, in a batch with padding, and token by token.</summary>
    [Theory]
    [MemberData(nameof(Families))]
    public void A_text_depends_on_its_prompt_alone(string family)
    {
        using var model = Make(family);
        // Beyond the original positions, the longest row of a batch decides the angles of all rows, here as in the reference.
        var options = new GenerationOptions { MaxNewTokens = family == "phi3" ? 3 : 9, EndIds = [11, 12, 13] };
        var generator = new TextGenerator(model, options);
        var texts = generator.Generate(Prompts);
        for (var row = 0; row < Prompts.Length; row++)
            Assert.Equal(texts[row].Ids, Assert.Single(generator.Generate([Prompts[row]])).Ids);
        var streamed = generator.Stream(Prompts).ToList();
        Assert.All(texts, text => Assert.Equal(text.Ids, streamed.Where(token => token.Prompt == text.Prompt).Select(token => token.Id)));
        Assert.All(texts, text => Assert.Equal(text.Ending, Assert.Single(streamed, token => token.Prompt == text.Prompt && token.Ending is not null).Ending));
    }

    [Fact]
    public void Sampling_follows_its_seed_whatever_stands_beside_a_text()
    {
        using var model = Make();
        var options = new GenerationOptions { MaxNewTokens = 12, Samples = true, Temperature = 1.5, Seed = 4, Returned = 3 };
        var texts = new TextGenerator(model, options).Generate(Prompts);
        Assert.Equal(9, texts.Count);
        Assert.Equal(texts.Select(Words), new TextGenerator(model, options).Generate(Prompts).Select(Words));
        Assert.Equal(9, texts.Select(Words).Distinct().Count());
        Assert.Equal(texts.Take(3).Select(Words), new TextGenerator(model, options).Generate([Prompts[0]]).Select(Words));
        Assert.NotEqual(texts.Select(Words), new TextGenerator(model, options with { Seed = 5 }).Generate(Prompts).Select(Words));
    }

    [Fact]
    public void Tokens_are_drawn_by_their_probability()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var model = Make();
        var probabilities = model.call(tensor([8L, 2], [1, 2]), null, null)[0, 1].softmax(-1).data<float>().ToArray();
        const int Count = 1000;
        var drawn = Enumerable.Range(0, 4).SelectMany(seed => new TextGenerator(model, new GenerationOptions { MaxNewTokens = 1, Samples = true, Seed = seed, Returned = Count }).Generate([[8, 2]]))
            .GroupBy(text => text.Ids[0]).ToDictionary(group => group.Key, group => group.Count() / (4.0 * Count));
        for (var id = 0; id < probabilities.Length; id++)
            Assert.Equal(probabilities[id], drawn.GetValueOrDefault(id), (5 * Math.Sqrt(probabilities[id] * (1 - probabilities[id]) / (4 * Count))) + 1e-3);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Merged_and_unmerged_adapters_say_the_same(bool samples, int beams)
    {
        using var model = Make();
        using var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions { InitialRank = 3, TargetRank = 2, Seed = 1 });
        using (no_grad())
            adapted.TrainableParameters[0].add_(0.1);
        model.eval();
        var generator = new TextGenerator(model, new GenerationOptions { MaxNewTokens = 8, Beams = beams, Returned = beams, Samples = samples, Seed = 3 });
        var unmerged = generator.Generate(Prompts).Select(Words).ToList();
        adapted.Merge();
        Assert.Equal(unmerged, generator.Generate(Prompts).Select(Words));
        adapted.Unmerge();
        Assert.Equal(unmerged, generator.Generate(Prompts).Select(Words));
    }

    /// <summary>The head sees one row for every text that has not ended, and one place of each prompt.</summary>
    [Fact]
    public void Texts_that_have_ended_leave_the_batch()
    {
        using var model = SmallDecoder.Make("llama", isTied: false);
        model.eval();
        var free = new TextGenerator(model, new GenerationOptions { MaxNewTokens = 8 }).Generate(Prompts);
        var options = new GenerationOptions { MaxNewTokens = 8, EndIds = [free[1].Ids[2]] };
        var rows = new List<long>();
        var head = (nn.Module<Tensor, Tensor>)model.named_children().Single(child => child.name == "lm_head").module;
        var hook = head.register_forward_hook((_, input, output) =>
        {
            rows.Add(input.numel() / input.shape[^1]);
            return output;
        });
        var texts = new TextGenerator(model, options).Generate(Prompts);
        hook.remove();
        var longest = texts.Max(text => text.Ids.Count);
        Assert.Equal(Enumerable.Range(0, longest).Select(step => (long)texts.Count(text => text.Ids.Count > step)), rows);
        Assert.True(rows[^1] < 3, "no text ended before the others");
    }

    [Fact]
    public void Stop_texts_end_a_text_with_the_token_that_completes_them()
    {
        using var model = Make();
        var free = new TextGenerator(model, new GenerationOptions { MaxNewTokens = 8 }).Generate([Prompts[0]])[0].Ids;
        // Each id is a word of its own.
        var stop = $"<{free[2]}><{free[3]}";
        var options = new GenerationOptions { MaxNewTokens = 8, StopTexts = ["never", stop] };
        var text = Assert.Single(new TextGenerator(model, options, ids => string.Concat(ids.Select(id => $"<{id}>"))).Generate([Prompts[0]]));
        Assert.Equal(free.Take(4), text.Ids);
        Assert.Equal(Ending.StopText, text.Ending);
        Assert.Contains("a way to decode", Assert.Throws<ArgumentException>(() => new TextGenerator(model, options)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Length_is_what_the_options_and_the_models_positions_allow()
    {
        using var gpt = Make("gpt2");
        Assert.All(new TextGenerator(gpt, new GenerationOptions { MaxNewTokens = 100 }).Generate(Prompts), text => Assert.Equal(15, text.Ids.Count));
        Assert.All(new TextGenerator(gpt, new GenerationOptions { MaxLength = 9 }).Generate(Prompts), text => Assert.Equal(4, text.Ids.Count));
        Assert.Contains("no room", Assert.Throws<ArgumentException>(() => new TextGenerator(gpt, new GenerationOptions { MaxLength = 5 }).Generate(Prompts)).Message, StringComparison.Ordinal);
        using var llama = Make();
        Assert.All(new TextGenerator(llama).Generate(Prompts), text => Assert.True(text.Ids.Count is > 0 and <= 20));
        Assert.Equal(30, new TextGenerator(llama, new GenerationOptions { MaxNewTokens = 30 }).Generate([[1]])[0].Ids.Count);
    }

    [Fact]
    public void Nothing_is_left_behind_even_if_a_stream_is_abandoned_or_cancelled()
    {
        using var model = Make();
        var options = new GenerationOptions { MaxNewTokens = 6, EndIds = [] };
        Run();
        var before = (DisposeScopeManager.Statistics.ThreadTotalLiveCount, DisposeScopeManager.Statistics.CreatedOutsideScopeCount);
        Run();
        Assert.Equal(before, (DisposeScopeManager.Statistics.ThreadTotalLiveCount, DisposeScopeManager.Statistics.CreatedOutsideScopeCount));

        void Run()
        {
            Assert.Equal(6, new TextGenerator(model, options).Generate(Prompts)[0].Ids.Count);
            Assert.Equal(6, new TextGenerator(model, options with { Beams = 3 }).Generate(Prompts)[0].Ids.Count);
            Assert.Equal(4, new TextGenerator(model, options).Stream(Prompts).Take(4).Count());
            using var cancellation = new CancellationTokenSource();
            Assert.Throws<OperationCanceledException>(() =>
            {
                foreach (var _ in new TextGenerator(model, options).Stream(Prompts, cancellation.Token))
                    cancellation.Cancel();
            });
        }
    }

    [Fact]
    public void What_cannot_work_is_refused()
    {
        using var model = Make();
        var generator = new TextGenerator(model);
        Refuse("There is no prompt", () => generator.Generate([]));
        Refuse("no tokens", () => generator.Generate([[1], []]));
        Refuse("token id 50", () => generator.Generate([[50]]));
        Refuse("token id -1", () => generator.Generate([[-1]]));
        Refuse("Temperature is 0", () => new TextGenerator(model, new GenerationOptions { Temperature = 0, TopP = 2 }));
        Refuse("TopP is 2", () => new TextGenerator(model, new GenerationOptions { Temperature = 0, TopP = 2 }));
        Refuse("one likeliest text", () => new TextGenerator(model, new GenerationOptions { Returned = 2 }));
        Refuse("2 beams", () => new TextGenerator(model, new GenerationOptions { Beams = 2, Returned = 3 }));
        Assert.Throws<InvalidOperationException>(() => new TextGenerator(model, new GenerationOptions { Beams = 2 }).Stream(Prompts));
        model.train();
        Assert.Contains("eval()", Assert.Throws<InvalidOperationException>(() => generator.Generate(Prompts)).Message, StringComparison.Ordinal);

        static void Refuse(string fault, Action act) => Assert.Contains(fault, Assert.ThrowsAny<ArgumentException>(act).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_checkpoint_says_about_generation_comes_back_and_what_is_not_supported_is_refused_when_it_matters()
    {
        using var folder = new TemporaryFolder();
        using (var model = Make())
        {
            model.Generation = new GenerationOptions
            {
                Samples = true,
                Temperature = 0.7,
                TopP = 0.9,
                TopK = 40,
                EndIds = [4, 5],
                MaxNewTokens = 7,
                Beams = 2,
                EarlyStopping = EarlyStopping.WhenNoneCanWin,
                RepetitionPenalty = 1.1,
            };
            model.SaveCheckpoint(folder.Path);
        }

        using (var back = AutoModel.CausalLM(folder.Path))
        {
            var said = back.Generation;
            Assert.Equal((true, 0.7, 0.9, 40, 7, 2, 1.1), (said.Samples, said.Temperature, said.TopP, said.TopK, said.MaxNewTokens, said.Beams, said.RepetitionPenalty));
            Assert.Equal(EarlyStopping.WhenNoneCanWin, said.EarlyStopping);
            Assert.Equal([4, 5], said.EndIds);
        }

        File.WriteAllText(folder.File("generation_config.json"), """{ "do_sample": true, "guidance_scale": 2.0, "num_beam_groups": 1, "penalty_alpha": 0.6, "use_cache": true }""");
        using var other = AutoModel.CausalLM(folder.Path);
        // The reference's own value where the file says nothing.
        Assert.Equal(50, other.Generation.TopK);
        var message = Assert.Throws<ArgumentException>(() => new TextGenerator(other)).Message;
        Assert.Contains("guidance_scale of generation_config.json is not supported", message, StringComparison.Ordinal);
        Assert.Contains("penalty_alpha", message, StringComparison.Ordinal);
        Assert.DoesNotContain("num_beam_groups", message, StringComparison.Ordinal);
        File.WriteAllText(folder.File("generation_config.json"), """{ "top_k": "many" }""");
        Assert.Contains("top_k is \"many\"; it must be a whole number", Assert.Throws<CheckpointException>(() => AutoModel.CausalLM(folder.Path)).Message, StringComparison.Ordinal);
    }

    private static CausalLM Make(string family = "llama")
    {
        var model = SmallDecoder.Make(family);
        model.eval();
        return model;
    }

    private static string Words(GeneratedText text) => string.Join(" ", text.Ids);
}
