using AdaLora.Targeting;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.ModelZoo;

/// <summary>Which classes that declare nothing are taken for linear maps.</summary>
public sealed class ProbingTests
{
    [Theory]
    [InlineData("rows", AttachmentMethod.Hook)]
    [InlineData("columns", AttachmentMethod.Hook)]
    [InlineData("buffer", AttachmentMethod.Hook)]
    [InlineData("half", AttachmentMethod.Hook)]
    [InlineData("tanh", AttachmentMethod.Materialise)]
    [InlineData("square", AttachmentMethod.Materialise)]
    [InlineData("fails", AttachmentMethod.Materialise)]
    public void Only_what_computes_a_product_and_a_constant_is(string kind, AttachmentMethod expected)
    {
        using var scope = NewDisposeScope();
        using var seed = manual_seed(1);
        var model = new Holder(new Own(kind));
        var random = Convert.ToHexString(get_rng_state().bytes);

        var adapter = Assert.Single(AdaLoraModel.Plan(model, new AdaLoraOptions { Targets = TargetModules.Suffixes("own") }).Adapters);

        Assert.Equal(random, Convert.ToHexString(get_rng_state().bytes));
        Assert.Equal((expected, expected == AttachmentMethod.Hook), (adapter.Attachment, adapter.AttachmentReason == "it declares nothing, but computed x W' + b on random input"));
        Assert.Equal(expected == AttachmentMethod.Hook ? "own" : "own.matrix", adapter.Name);
        if (kind is "rows" or "columns")
            Assert.Equal((5, 4), (adapter.OutFeatures, adapter.InFeatures));
    }

    [Fact]
    public void Nobody_who_is_not_named_is_run()
    {
        using var scope = NewDisposeScope();
        var own = new Own("rows");
        var model = Sequential(("first", Linear(4, 4)), ("own", own));
        foreach (var targets in (TargetModules[])[TargetModules.AllLinear, TargetModules.Globs("**"), TargetModules.Suffixes("first")])
            Assert.Equal("first", Assert.Single(AdaLoraModel.Plan(model, new AdaLoraOptions { Targets = targets }).Adapters).Name);
        Assert.Equal(0, own.Runs);
    }

    private sealed class Holder : Module<Tensor, Tensor>
    {
        private readonly Own own;

        public Holder(Own layer)
            : base(nameof(Holder))
        {
            own = layer;
            RegisterComponents();
        }

        public override Tensor forward(Tensor input) => own.call(input);
    }

    private sealed class Own : Module<Tensor, Tensor>
    {
        private readonly string _kind;

        public Own(string kind)
            : base(nameof(Own))
        {
            _kind = kind;
            var dtype = kind == "half" ? ScalarType.BFloat16 : ScalarType.Float32;
            var matrix = kind == "columns" ? randn(4, 5) : randn(5, 4, dtype: dtype);
            if (kind == "buffer")
                register_buffer("matrix", matrix);
            else
                register_parameter("matrix", new Parameter(matrix));
            register_parameter("bias", new Parameter(ones(5, dtype: dtype)));
        }

        public int Runs { get; private set; }

        public override Tensor forward(Tensor input)
        {
            Runs++;
            var matrix = named_parameters().Select(p => (Tensor)p.parameter).Concat(named_buffers().Select(b => b.buffer)).First(t => t.dim() == 2);
            var product = functional.linear(input, _kind == "columns" ? matrix.t() : matrix, get_parameter("bias"));
            return _kind switch
            {
                "tanh" => product.tanh(),
                "square" => product * product,
                "fails" => throw new ArgumentException("It wants something else."),
                _ => product,
            };
        }
    }
}
