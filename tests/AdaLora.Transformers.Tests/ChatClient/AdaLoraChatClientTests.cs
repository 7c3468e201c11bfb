using AdaLora.Chat;
using AdaLora.TestSupport;
using AdaLora.Transformers.Chat;
using AdaLora.Transformers.Families.Llama;
using AdaLora.Transformers.Generation;
using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Tokenization;
using Microsoft.Extensions.AI;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Tests.ChatClient;

/// <summary>A model as an IChatClient.</summary>
public sealed class AdaLoraChatClientTests : IDisposable
{
    private const string Template = "{{ '<s>' }}{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}{% if add_generation_prompt %}assistant:{% endif %}";

    private readonly TemporaryFolder _folder = new();
    private readonly TextTokenizer _tokenizer;
    private readonly CausalLM _model;
    private readonly AdapterSet _adapters;
    private readonly AdaLoraChatClient _client;

    public AdaLoraChatClientTests()
    {
        _tokenizer = TextTokenizer.FromFolder(TestMaterial.RequireShared("models", "stories260K"));
        _model = AutoModel.NewCausalLM(new LlamaConfig { VocabularySize = 512, HiddenSize = 32, Layers = 2, Heads = 4, IntermediateSize = 48, MaxPositions = 512, InitializerRange = 0.4 }, seed: 3);
        _adapters = new AdapterSet(_model);
        foreach (var (number, name) in ((string[])["one", "two", "three"]).Index())
        {
            var adapter = _adapters.Add(name, AdaLoraOptions.ForTotalSteps(10, targetRank: 2) with { Seed = number });
            using var noGrad = no_grad();
            using var seed = manual_seed(number + 11);
            foreach (var parameter in adapter.TrainableParameters)
                parameter.normal_(0, 0.3);
        }

        _client = new AdaLoraChatClient(_model, _tokenizer, ChatTemplate.Parse(Template), _adapters, "small");
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static ChatOptions Short => new() { MaxOutputTokens = 24, Temperature = 0 };

    public void Dispose()
    {
        _client.Dispose();
        _adapters.Dispose();
        _model.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Eight_callers_at_once_get_what_each_would_get_alone()
    {
        string?[] names = [null, "one", "two", "three", null, "two", "one", "three"];
        var alone = new List<string>();
        for (var i = 0; i < names.Length; i++)
            alone.Add((await _client.GetResponseAsync(Question(i), OptionsFor(names[i]), Cancellation)).Text);
        Assert.Equal(8, alone.Distinct(StringComparer.Ordinal).Count());
        for (var round = 0; round < 3; round++)
        {
            var together = await Task.WhenAll(names.Select((name, i) => Task.Run(async () => i % 2 == 0
                ? (await _client.GetResponseAsync(Question(i), OptionsFor(name), Cancellation)).Text
                : await Streamed(Question(i), OptionsFor(name)))));
            Assert.Equal(alone, together);
        }
    }

    [Fact]
    public async Task Two_clients_of_one_model_do_not_disturb_each_other()
    {
        using var other = new AdaLoraChatClient(_model, _tokenizer, ChatTemplate.Parse(Template), _adapters);
        var expected = ((await _client.GetResponseAsync(Question(1), OptionsFor("one"), Cancellation)).Text, (await other.GetResponseAsync(Question(2), OptionsFor("two"), Cancellation)).Text);
        var both = await Task.WhenAll(
            Task.Run(async () => (await _client.GetResponseAsync(Question(1), OptionsFor("one"), Cancellation)).Text),
            Task.Run(async () => (await other.GetResponseAsync(Question(2), OptionsFor("two"), Cancellation)).Text));
        Assert.Equal(expected, (both[0], both[1]));
    }

    [Fact]
    public async Task An_answer_is_what_the_generator_says_and_tells_how_it_ended()
    {
        var messages = new ChatMessage[] { new(ChatRole.System, "Be kind."), new(ChatRole.User, "Once upon a time") };
        var answer = await _client.GetResponseAsync(messages, Short, Cancellation);
        var prompt = _tokenizer.EncodePlain("<s>system: Be kind.\nuser: Once upon a time\nassistant:");
        _adapters.Select(null);
        _model.eval();
        var expected = new TextGenerator(_model, _model.Generation with { MaxNewTokens = 24 }).Generate([prompt])[0];
        // Decoded one by one: what bytes that are no character turn into depends on those behind them.
        var decoder = _tokenizer.DecodeStream();
        Assert.Equal(string.Concat(expected.Ids.Select(decoder.Add)) + decoder.Finish(), answer.Text);
        Assert.Equal(expected.Ending == Ending.EndToken ? ChatFinishReason.Stop : ChatFinishReason.Length, answer.FinishReason);
        Assert.Equal((prompt.Length, expected.Ids.Count), ((int)answer.Usage!.InputTokenCount!, (int)answer.Usage.OutputTokenCount!));
        Assert.Equal("small", answer.ModelId);
        Assert.Equal("two", (await _client.GetResponseAsync(messages, OptionsFor("two"), Cancellation)).ModelId);
        var instructed = await _client.GetResponseAsync(messages[1..], new ChatOptions { MaxOutputTokens = 24, Temperature = 0, Instructions = "Be kind." }, Cancellation);
        Assert.Equal(answer.Text, instructed.Text);
    }

    [Fact]
    public async Task A_stop_text_ends_the_answer_and_is_not_part_of_it()
    {
        var whole = (await _client.GetResponseAsync(Question(3), Short, Cancellation)).Text;
        var stop = whole[6..9];
        var options = Short;
        options.StopSequences = [stop];
        var cut = await _client.GetResponseAsync(Question(3), options, Cancellation);
        Assert.Equal(whole[..whole.IndexOf(stop, StringComparison.Ordinal)], cut.Text);
        Assert.Equal(ChatFinishReason.Stop, cut.FinishReason);
        Assert.Equal(cut.Text, await Streamed(Question(3), options));
    }

    [Fact]
    public async Task Samples_depend_on_the_seed()
    {
        ChatOptions Sampling(long seed) => new() { MaxOutputTokens = 16, Temperature = 1.2f, TopK = 50, Seed = seed };
        var first = (await _client.GetResponseAsync(Question(1), Sampling(1), Cancellation)).Text;
        Assert.Equal(first, (await _client.GetResponseAsync(Question(1), Sampling(1), Cancellation)).Text);
        Assert.NotEqual(first, (await _client.GetResponseAsync(Question(1), Sampling(2), Cancellation)).Text);
    }

    [Fact]
    public async Task What_can_not_be_followed_is_refused_and_disturbs_nobody()
    {
        Task<ChatResponse> Ask(ChatOptions options) => _client.GetResponseAsync(Question(1), options, Cancellation);
        Assert.Contains("'four' (there is one, two, three)", (await Assert.ThrowsAsync<ArgumentException>(() => Ask(OptionsFor("four")))).Message, StringComparison.Ordinal);
        Assert.Contains("Tools", (await Assert.ThrowsAsync<NotSupportedException>(() => Ask(new ChatOptions { Tools = [new HostedWebSearchTool()] }))).Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<NotSupportedException>(() => Ask(new ChatOptions { ResponseFormat = ChatResponseFormat.Json }));
        await Assert.ThrowsAsync<NotSupportedException>(() => Ask(new ChatOptions { FrequencyPenalty = 1 }));
        await Assert.ThrowsAsync<ArgumentException>(() => Ask(new ChatOptions { TopP = 7 }));
        await Assert.ThrowsAsync<ArgumentException>(() => _client.GetResponseAsync([], Short, Cancellation));
        await Assert.ThrowsAsync<NotSupportedException>(() => _client.GetResponseAsync([new ChatMessage(ChatRole.User, [new DataContent(new byte[3], "image/png")])], Short, Cancellation));
        await Assert.ThrowsAsync<ArgumentException>(() => _client.GetResponseAsync(new string('x', 2000) + " ", new ChatOptions { MaxOutputTokens = -1 }, Cancellation));
        Assert.NotEmpty((await _client.GetResponseAsync(Question(1), Short, Cancellation)).Text);
    }

    [Fact]
    public async Task A_request_can_be_cancelled_while_it_waits_and_while_it_is_answered()
    {
        using var waits = new CancellationTokenSource();
        using var runs = new CancellationTokenSource();
        var pieces = 0;
        var running = Task.Run(
            async () =>
            {
                await foreach (var update in _client.GetStreamingResponseAsync(Question(1), new ChatOptions { MaxOutputTokens = 400, Temperature = 1, Seed = 1 }, runs.Token))
                {
                    if (++pieces == 3)
                        await runs.CancelAsync();
                }
            },
            Cancellation);
        var waiting = _client.GetResponseAsync(Question(2), Short, waits.Token);
        await waits.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.NotEmpty((await _client.GetResponseAsync(Question(2), Short, Cancellation)).Text);
    }

    [Fact]
    public async Task Services_and_the_end_of_a_client()
    {
        Assert.Same(_model, _client.GetService<CausalLM>());
        Assert.Same(_adapters, _client.GetService<AdapterSet>());
        Assert.Same(_client, _client.GetService<IChatClient>());
        Assert.Equal("small", _client.GetService<ChatClientMetadata>()!.DefaultModelId);
        Assert.Null(_client.GetService<string>());
        var client = new AdaLoraChatClient(_model, _tokenizer, ChatTemplate.Parse(Template));
        Assert.Throws<ArgumentException>(() => new AdaLoraChatClient(AutoModel.NewCausalLM(_model.Config, 1), _tokenizer, ChatTemplate.Parse(Template), _adapters));
        client.Dispose();
        client.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => client.GetResponseAsync(Question(1), Short, Cancellation));
        Assert.Contains("no chat template", Assert.Throws<ArgumentException>(() => AdaLoraChatClient.FromFolder(_model, _folder.Path)).Message, StringComparison.Ordinal);
    }

    private static ChatOptions OptionsFor(string? adapter) => new() { MaxOutputTokens = 24, Temperature = 0, ModelId = adapter };

    private static ChatMessage[] Question(int number) => [new(ChatRole.User, $"Tell me about number {number} and the {new string((char)('a' + number), 3)}.")];

    private async Task<string> Streamed(ChatMessage[] messages, ChatOptions options)
    {
        var text = "";
        await foreach (var update in _client.GetStreamingResponseAsync(messages, options, Cancellation))
            text += update.Text;
        return text;
    }
}
